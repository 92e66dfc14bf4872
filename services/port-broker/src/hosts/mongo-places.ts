import type { Collection } from 'mongodb';
import { asUnavailable, duplicateKey } from '#libs/mongo/index.ts';
import type { Places } from './hosts.ts';

/** The host of something that exists once in the mesh: a case's server, a machine's console, what a request made. */
export interface PlaceDocument {
  _id: string;
  host: string;
  at: Date;
}

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
        if (duplicateKey(thrown) === undefined) {
          throw thrown;
        }
        return (await find(key)) ?? host;
      }
    },
    move: async (key, from, to) => {
      const changed = { $set: { host: to, at: new Date() } };
      const { matchedCount } = await asUnavailable(() =>
        places.updateOne({ _id: key, host: from }, changed),
      );
      return matchedCount === 1 ? to : ((await find(key)) ?? to);
    },
  };
};
