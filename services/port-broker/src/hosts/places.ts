import type { Collection } from 'mongodb';
import { asUnavailable, duplicateKey } from '#libs/mongo/index.ts';

/** On which host is what there is to be once: the case's server, a machine's console, what a request asked for. */
export interface PlaceDocument {
  _id: string;
  host: string;
  at: Date;
}

/** Where things are that there are to be once in the whole mesh. */
export interface Places {
  /** The host that has it, or that comes to have it: `host`, unless somebody was first. */
  claim(key: string, host: string): Promise<string>;
  /** It goes from one host to another. Resolves to who has it then: somebody may have moved it meanwhile. */
  move(key: string, from: string, to: string): Promise<string>;
  /** The host that has it; undefined: nobody. */
  find(key: string): Promise<string | undefined>;
}

/** With one host there is nothing to look up; with MongoDB away, nowhere. */
export const nowhere: Places = {
  claim: (_key, host) => Promise.resolve(host),
  move: (_key, _from, to) => Promise.resolve(to),
  find: () => Promise.resolve(undefined),
};

/** Rejects with UNAVAILABLE `mongodb` while it is away. */
export const createPlaces = (places: Collection<PlaceDocument>): Places => {
  const find = async (key: string): Promise<string | undefined> =>
    (await asUnavailable(() => places.findOne({ _id: key })))?.host;
  return {
    find,
    claim: async (key, host) => {
      try {
        const place = { _id: key, host, at: new Date() };
        await asUnavailable(() => places.insertOne(place));
        return host;
      } catch (thrown) {
        if (duplicateKey(thrown) === undefined) throw thrown;
        return (await find(key)) ?? host;
      }
    },
    move: async (key, from, to) => {
      const changed = { $set: { host: to, at: new Date() } };
      const { matchedCount } = await asUnavailable(() => places.updateOne({ _id: key, host: from }, changed));
      return matchedCount === 1 ? to : ((await find(key)) ?? to);
    },
  };
};
