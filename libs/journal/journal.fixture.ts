import { after } from 'mocha';
import { MongoClient, type Db, type IndexDescription } from 'mongodb';
import { systemClock } from '#libs/clock/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { collection, connectMongo, declarations, type Store } from '#libs/mongo/index.ts';
import {
  startMongod,
  startProxy,
  type Proxy,
  type TestMongod,
  testLog,
} from '#libs/testing/index.ts';
import {
  append,
  mongoJournalStore,
  type AppendOutcome,
  type Folding,
  type JournalDocument,
  type JournalStore,
} from './index.ts';

/** An entry of these specs is a number, and the state is the sum. */
export type Entry = number;

const running = new AsyncDisposableStack();
let shared: Promise<{ mongod: TestMongod; mongo: Store }> | undefined;

after(() => running.disposeAsync());

/** One mongod for the specs of this folder. */
const sharedMongod = (): NonNullable<typeof shared> =>
  (shared ??= (async () => {
    const mongod = running.use(await startMongod());
    return {
      mongod,
      mongo: running.use(
        await connectMongo({ url: mongod.url, database: 'journals', logger: testLog }),
      ),
    };
  })());

/** Journals in a database of their own. */
export interface Journals extends AsyncDisposable {
  store: JournalStore<Entry>;
  db: Db;
  /** Another store on the same database. Its connection runs through a proxy, and it never retries by itself. */
  throughProxy(): Promise<{ store: JournalStore<Entry>; proxy: Proxy }>;
}

export const openJournals = async (): Promise<Journals> => {
  const { mongod, mongo } = await sharedMongod();
  const opened = new AsyncDisposableStack();
  const database = systemRandom.id('j');
  const db = mongo.db.client.db(database);
  for (const name of ['journal', 'snapshots'] as const) {
    await db.collection(name).createIndexes([...declarations[name]] as IndexDescription[]);
  }
  return {
    db,
    store: storeOf(db),
    throughProxy: async () => {
      const proxy = opened.use(await startProxy({ target: mongod.port }));
      const client = new MongoClient(mongod.urlVia(proxy.port), {
        writeConcern: { w: 'majority', journal: true },
        readConcern: { level: 'majority' },
        retryWrites: false,
        retryReads: false,
        maxPoolSize: 1,
        // Only the journal's messages go through the proxy.
        heartbeatFrequencyMS: 60_000,
        serverMonitoringMode: 'poll',
      });
      opened.defer(() => client.close());
      await client.db(database).command({ ping: 1 });
      return { store: storeOf(client.db(database)), proxy };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};

const storeOf = (db: Db): JournalStore<Entry> =>
  mongoJournalStore<Entry>(collection(db, 'journal'), collection(db, 'snapshots'));

/** A position of workload `w`. */
export const position = (
  n: number,
  more: Partial<JournalDocument<Entry>> = {},
): JournalDocument<Entry> => ({
  workload: 'w',
  n,
  appendId: systemRandom.id('a'),
  by: 'i-1',
  at: new Date(n),
  entries: [n],
  ...more,
});

/** Sums entries and remembers the order of positions. */
export interface Sum {
  sum: number;
  order: number[];
}

export const nothing: Sum = { sum: 0, order: [] };

export const summing: Folding<Sum, Entry> = {
  version: 3,
  apply: ({ sum, order }, { n, entries }) => ({
    sum: entries.reduce((a, b) => a + b, sum),
    order: [...order, n],
  }),
  freeze: ({ sum, order }) => ({ total: sum, order }),
  thaw: (frozen) => {
    const { total, order } = frozen as { total: number; order: number[] };
    return { sum: total, order: [...order] };
  },
};

export interface Appending {
  outcome: Promise<AppendOutcome<Entry>>;
  /** The cause of each unknown outcome. */
  unknown: unknown[];
  stop: AbortController;
}

/** Appends on the system's clock. */
export const appending = (to: JournalStore<Entry>, document: JournalDocument<Entry>): Appending => {
  const unknown: unknown[] = [];
  const stop = new AbortController();
  const outcome = append(to, document, {
    clock: systemClock,
    random: systemRandom,
    signal: stop.signal,
    onUnknown: (cause) => unknown.push(cause),
  });
  return { outcome, unknown, stop };
};
