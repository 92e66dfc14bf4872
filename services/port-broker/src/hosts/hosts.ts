import type { Collection } from 'mongodb';
import { retry } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { BeatDocument, Beats, Store } from '#libs/mongo/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { isTagged, tagOf } from './tags.ts';
import type { PlaceDocument } from './mongo-places.ts';
import { nowhere, type Places } from './places.ts';

/** A broker of another host, as it announces itself. */
export interface Peer {
  host: string;
  /** gRPC target. */
  endpoint: string;
  /** How many ports of each pool are free. */
  free: ReadonlyMap<string, number>;
}

/** The hosts of a mesh, as this broker knows them. While MongoDB is away it goes on with the hosts that it knew, or alone. */
export interface Hosts {
  /** This one's name. */
  own: string;
  /** Living others, by name. */
  peers(): Peer[];
  /** Whether MongoDB has answered within the last seconds. */
  isCurrent(): boolean;
  /** A host that was ever seen, also one that is silent now; undefined: none of that name. */
  find(host: string): Peer | undefined;
  /** The other hosts whose tag is in an id. */
  ofId(id: string): Peer[];
  /** Whether this host's tag is in an id. */
  isOwnId(id: string): boolean;
  /** Which host has what exists once in the mesh. */
  places: Places;
}

export interface HostsOptions {
  /** undefined: there is one host only. */
  mongo: { url: string; database: string } | undefined;
  host: string;
  /** How many ports of each pool are free here. */
  free: () => ReadonlyMap<string, number>;
  clock: Clock;
  log: Logger;
}

/** The hosts, with what announces this one. */
export interface Register extends Hosts {
  /** Announces this broker's gRPC target. Returns at once, because MongoDB may come later. */
  announce(endpoint: string): void;
  close(): Promise<void>;
}

const FREE = 'free:';
const TRY_EVERY_MS = 1_000;
const CURRENT_MS = 5_000;

export const openHosts = ({ mongo, host: own, free, clock, log }: HostsOptions): Register => {
  const known = new Map<string, Peer>();
  let living = new Set<string>();
  let seenAt = -Infinity;
  let places: Places = nowhere;
  const closing = new AbortController();
  let beats: Beats | undefined;
  let store: Store | undefined;
  let opening: Promise<void> = Promise.resolve();

  const onRound = async ({
    living: alive,
  }: {
    living: ReadonlyMap<string, BeatDocument['info']>;
  }): Promise<void> => {
    for (const [host, info] of alive) {
      if (host !== own) {
        known.set(host, peerOf(host, info));
      }
    }
    living = new Set(alive.keys());
    seenAt = clock.monotonic();
  };
  const open = async (url: string, database: string, endpoint: string): Promise<void> => {
    // Loaded here and not before, because a broker starts sooner without the driver.
    const { collection, connectMongo, startBeats } = await import('#libs/mongo/index.ts');
    const { createPlaces } = await import('./mongo-places.ts');
    const info = (): BeatDocument['info'] => ({
      endpoint,
      ...Object.fromEntries([...free()].map(([pool, count]) => [`${FREE}${pool}`, count])),
    });
    const connect = async (): Promise<void> => {
      try {
        store = await connectMongo({ url, database, logger: log });
        places = createPlaces(collection<PlaceDocument>(store.db, 'places'));
        const all: Collection<BeatDocument> = collection(store.db, 'brokers');
        beats = await startBeats({
          collection: all,
          instance: own,
          clock,
          logger: log,
          info,
          onRound,
        });
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
    own,
    peers: () =>
      [...known.values()]
        .filter(({ host }) => living.has(host))
        .sort((a, b) => (a.host < b.host ? -1 : 1)),
    isCurrent: () => clock.monotonic() - seenAt < CURRENT_MS,
    find: (host) => known.get(host),
    ofId: (id) => [...known.values()].filter(({ host }) => isTagged(id, tagOf(host))),
    isOwnId: (id) => isTagged(id, tagOf(own)),
    get places() {
      return places;
    },
    announce: (endpoint) => {
      if (mongo !== undefined) {
        opening = open(mongo.url, mongo.database, endpoint);
      }
    },
    close: async () => {
      closing.abort();
      await opening;
      await beats?.stop();
      await store?.close();
    },
  };
};

const peerOf = (host: string, info: BeatDocument['info']): Peer => ({
  host,
  endpoint: String(info['endpoint'] ?? ''),
  free: new Map(
    Object.entries(info)
      .filter(([name]) => name.startsWith(FREE))
      .map(([name, count]) => [name.slice(FREE.length), Number(count)]),
  ),
});
