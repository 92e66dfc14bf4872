import { createBell, retry } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { Fact, WorkloadFacts } from '#libs/contracts/session.ts';
import type { JournalDocument, JournalStore } from '#libs/journal/index.ts';
import { workloadFactSubject } from '#libs/mesh/index.ts';
import type { Bus } from '#libs/nats/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Entry } from '../../domain/state/entries.ts';

interface PublisherOptions {
  workload: string;
  customer: string;
  store: JournalStore<Entry>;
  bus: Bus;
  clock: Clock;
  logger: Logger;
  /** The position up to which facts are in the stream already. */
  from: number;
  /** Stores the position up to which facts are in the stream. Called about once a second at most. */
  keep: (position: number) => Promise<void>;
}

/** Publishes journal entries to the stream of facts, in order and at least once. The journal serves as the outbox. */
export interface Publisher {
  /** Tells the publisher that a position is durable. */
  wake(position: number): void;
  /** Tells the publisher that a document is durable, and gives it to publish. */
  wrote(document: JournalDocument<Entry>): void;
  /** Resolves when all facts up to the position are in the stream and `keep` has stored that. */
  reached(position: number): Promise<void>;
  stop(): Promise<void>;
}

const AGAIN = { firstMs: 500, longestMs: 500 };
const KEEP_EVERY_MS = 1_000;
/** Documents that wait in memory to be published. Later ones are read from the journal. */
const MAX_WAITING = 16;

export const startPublisher = (options: PublisherOptions): Publisher => {
  const { workload: workloadId, customer: customerId, store, bus, clock, logger } = options;
  const stopped = new AbortController();
  const { signal } = stopped;
  let durable = options.from;
  let published = options.from;
  let kept = options.from;
  let keptAt = clock.monotonic();
  const bell = createBell();
  const waiting = new Set<{ position: number; resolve: () => void }>();
  /** Documents in the order of the journal, without gaps. */
  const written: JournalDocument<Entry>[] = [];

  const keep = async (): Promise<void> => {
    if (kept < published) {
      await options.keep(published);
    }
    kept = published;
    keptAt = clock.monotonic();
    for (const waiter of waiting) {
      if (waiter.position <= kept) {
        waiting.delete(waiter);
        waiter.resolve();
      }
    }
  };

  const publish = async (document: JournalDocument<Entry>): Promise<void> => {
    const { n: position, at: time } = document;
    for (const [kind, facts] of Map.groupBy(factsOf(document), (fact) => fact.kind)) {
      const message = { workloadId, customerId, position, time, facts };
      await bus.publishFact(
        workloadFactSubject(workloadId, kind),
        WorkloadFacts.encode(message).finish(),
        `${workloadId}/${position}/${kind}`,
      );
    }
    published = position;
    while (written[0] !== undefined && written[0].n <= published) {
      written.shift();
    }
  };

  const isKeepDue = (): boolean => clock.monotonic() - keptAt >= KEEP_EVERY_MS;

  const isBehind = (): boolean =>
    published < durable || [...waiting].some(({ position }) => position > published);

  /** The next documents: those in memory, or what the journal has where these do not follow at once. */
  const unpublished = (): AsyncIterable<JournalDocument<Entry>> | JournalDocument<Entry>[] =>
    written[0]?.n === published + 1 ? written.slice() : store.read(workloadId, published);

  const catchUp = async (): Promise<void> => {
    while (isBehind()) {
      for await (const document of unpublished()) {
        if (signal.aborted) {
          return;
        }
        await publish(document);
        if (isKeepDue()) {
          await keep();
        }
      }
    }
    if (isKeepDue() || [...waiting].some(({ position }) => position <= published)) {
      await keep();
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      if (published >= durable && waiting.size === 0) {
        await bell.rung(signal);
      }
      await retry(catchUp, { clock, signal, pause: AGAIN, onRetry });
    }
  };
  const onRetry = (err: unknown): void =>
    logger.debug(
      { err, workload: workloadId },
      'facts could not be published; they are tried again',
    );

  const running = run().catch((thrown: unknown) => {
    if (!signal.aborted) {
      throw thrown;
    }
  });
  return {
    wake: (position) => {
      durable = Math.max(durable, position);
      bell.ring();
    },
    wrote: (document) => {
      const last = written.at(-1);
      if (written.length < MAX_WAITING && (last === undefined || last.n + 1 === document.n)) {
        written.push(document);
      }
      durable = Math.max(durable, document.n);
      bell.ring();
    },
    reached: (position) =>
      new Promise((resolve) => {
        waiting.add({ position, resolve });
        bell.ring();
      }),
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
};

/** The facts of a document. The id of a fact is derived from its place. `closed` is no fact, because nothing happened. */
const factsOf = ({ workload, n, entries }: JournalDocument<Entry>): Fact[] =>
  entries.flatMap((entry, i) => {
    if (entry.kind === 'closed') {
      return [];
    }
    const userId = 'user' in entry ? entry.user : '';
    // It takes what facts show of the entry, and leaves the rest.
    return [Fact.fromPartial({ ...entry, userId, factId: `${workload}/${n}/${i}` })];
  });
