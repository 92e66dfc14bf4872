import { MongoClient, type Db } from 'mongodb';
import type { Logger } from '#libs/telemetry/index.ts';
import { ensureCollections } from './collections.ts';
import { asUnavailable, refusal } from './errors.ts';
import { collectionsOf, type MongoService } from './rights.ts';

interface MongoOptions {
  /** `mongodb://…`; a replica set, which may have one node. */
  url: string;
  database: string;
  /** Whose user it is: only its collections are made. Default: all of them. */
  service?: MongoService;
  logger: Logger;
}

/** A connection. An answered write is durable on a majority, and reads see only such writes. */
export interface Store {
  readonly db: Db;
  /** Whether the primary answers right now. Rejects with UNAVAILABLE `mongodb`. */
  ping(): Promise<void>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How long a call waits for a primary. It is short, because every caller has a deadline and may retry. */
const SELECTION_MS = 3_000;
const SOCKET_MS = 10_000;

/**
 * Connects and makes missing collections and indexes. Rejects with UNAVAILABLE `mongodb` if no server answers, and with
 * FAILED_PRECONDITION `MONGODB_REFUSES` if it refuses the user, or what the user needs.
 */
export const connectMongo = async ({
  url,
  database,
  service,
  logger,
}: MongoOptions): Promise<Store> => {
  const client = new MongoClient(url, {
    // Without the journal flag a majority write waits for the server's 100 ms journal interval.
    writeConcern: { w: 'majority', journal: true },
    readConcern: { level: 'majority' },
    readPreference: 'primary',
    retryWrites: true,
    retryReads: true,
    serverSelectionTimeoutMS: SELECTION_MS,
    connectTimeoutMS: SELECTION_MS,
    socketTimeoutMS: SOCKET_MS,
    heartbeatFrequencyMS: 1_000,
    minHeartbeatFrequencyMS: 100,
    ignoreUndefined: true,
    monitorCommands: false,
  });
  const close = (): Promise<void> => client.close();
  try {
    const names = service && collectionsOf(service);
    await asUnavailable(() => client.connect());
    const db = client.db(database);
    await asUnavailable(() => ensureCollections(db, names));
    client.on('serverHeartbeatFailed', ({ failure }) =>
      logger.warn({ err: failure }, 'mongodb does not answer'),
    );
    return {
      db,
      ping: async () => {
        await asUnavailable(() => db.command({ ping: 1 }));
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (thrown) {
    await close();
    throw refusal(thrown) ?? thrown;
  }
};
