import type { Collection } from 'mongodb';
import { retry } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { BeatDocument, Beats, Peers, Store } from '#libs/mongo/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { isTagged, tagOf } from './tags.ts';
import type { PlaceDocument } from './mongo-places.ts';

/** A broker of another host, as it announces itself. */
export interface Peer {
  host: string;
  /** gRPC target. */
  endpoint: string;
  /** How many ports of each pool are free. */
  free: ReadonlyMap<string, number>;
}

/** For each key that exists once in the mesh: the host that has it. */
export interface Places {
  /** Claims a key for a host. Resolves to the host that has it then: `host`, or another one that was first. */
  claim(key: string, host: string): Promise<string>;
  /** Moves a key from one host to another. Resolves to the host that has it then: another broker may have moved it meanwhile. */
  move(key: string, from: string, to: string): Promise<string>;
  /** The host that has it; undefined: nobody. */
  find(key: string): Promise<string | undefined>;
}

/** For a host that is alone, or while MongoDB is away: the host that asks has every key. */
const nowhere: Places = {
  claim: (_key, host) => Promise.resolve(host),
  move: (_key, _from, to) => Promise.resolve(to),
  find: () => Promise.resolve(undefined),
};

interface HostsOptions {
  /** undefined: there is one host only. */
  mongo: { url: string; database: string } | undefined;
  host: string;
  /** How many ports of each pool are free here. */
  free: () => ReadonlyMap<string, number>;
  clock: Clock;
  log: Logger;
}

const FREE = 'free:';
const TRY_EVERY_MS = 1_000;
const CURRENT_MS = 5_000;

/** The hosts of a mesh that this broker knows. While MongoDB is away, it keeps the hosts that it knew, if any. */
export const openHosts = ({ mongo, host: own, free, clock, log }: HostsOptions) => {
  const known = new Map<string, Peer>();
  let living = new Set<string>();
  let seenAt = -Infinity;
  let places: Places = nowhere;
  const closing = new AbortController();
  let beats: Beats | undefined;
  let store: Store | undefined;
  let opening: Promise<void> = Promise.resolve();

  const onRound = async ({ living: alive }: Pick<Peers, 'living'>): Promise<void> => {
    for (const [host, info] of alive) {
      if (host !== own) {
        known.set(host, peerOf(host, info));
      }
    }
    living = new Set(alive.keys());
    seenAt = clock.monotonic();
  };
  const open = async (url: string, database: string, endpoint: string): Promise<void> => {
    // The driver is loaded only here, because a broker that needs no MongoDB starts sooner without it.
    const { collection, connectMongo, startBeats } = await import('#libs/mongo/index.ts');
    const { createPlaces } = await import('./mongo-places.ts');
    const info = (): BeatDocument['info'] => ({
      endpoint,
      ...Object.fromEntries([...free()].map(([pool, count]) => [`${FREE}${pool}`, count])),
    });
    const connect = async (): Promise<void> => {
      try {
        store = await connectMongo({ url, database, service: 'port-broker', logger: log });
        places = createPlaces(collection<PlaceDocument>(store.db, 'places'));
        const brokers: Collection<BeatDocument> = collection(store.db, 'brokers');
        const about = { collection: brokers, instance: own, info, onRound };
        beats = await startBeats({ ...about, clock, logger: log });
      } catch (thrown) {
        places = nowhere;
        await store?.close();
        store = undefined;
        throw thrown;
      }
    };
    const onRetry = (err: unknown): void =>
      log.warn({ err }, 'this host is not announced yet; its own ports work all the same');
    const pause = { firstMs: TRY_EVERY_MS, longestMs: TRY_EVERY_MS };
    await retry(connect, { clock, signal: closing.signal, pause, onRetry }).catch(() => undefined);
  };

  return {
    /** The name of this host. */
    own,
    /** The other living hosts, by name. */
    peers: (): Peer[] =>
      [...known.values()]
        .filter(({ host }) => living.has(host))
        .sort((a, b) => (a.host < b.host ? -1 : 1)),
    /** Whether MongoDB has answered within the last seconds. */
    isCurrent: (): boolean => clock.monotonic() - seenAt < CURRENT_MS,
    /** A host that was ever seen, even if it is silent now; undefined: no host has that name. */
    find: (host: string): Peer | undefined => known.get(host),
    /** The other hosts whose tag is in an id. */
    ofId: (id: string): Peer[] =>
      [...known.values()].filter(({ host }) => isTagged(id, tagOf(host))),
    /** Whether this host's tag is in an id. */
    isOwnId: (id: string): boolean => isTagged(id, tagOf(own)),
    get places(): Places {
      return places;
    },
    /** Announces this broker's gRPC target. Returns at once, because MongoDB may come later. */
    announce: (endpoint: string): void => {
      if (mongo !== undefined) {
        opening = open(mongo.url, mongo.database, endpoint);
      }
    },
    close: async (): Promise<void> => {
      closing.abort();
      await opening;
      await beats?.stop();
      await store?.close();
    },
  };
};

export type Hosts = ReturnType<typeof openHosts>;

const peerOf = (host: string, info: BeatDocument['info']): Peer => ({
  host,
  endpoint: String(info['endpoint'] ?? ''),
  free: new Map(
    Object.entries(info)
      .filter(([name]) => name.startsWith(FREE))
      .map(([name, count]) => [name.slice(FREE.length), Number(count)]),
  ),
});
