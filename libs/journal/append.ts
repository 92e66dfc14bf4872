import { backoffMs } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { InsertOutcome, JournalDocument, JournalStore } from './store.ts';

/**
 * What became of an append.
 * * `written`: durable, at this position.
 * * `refused`: somebody else holds the position; nothing of ours was written.
 * * `conflict`: the position is free, yet the store refuses the results as accepted before. The journal contradicts the
 *   fold that decided this; a caller that sees it must halt and raise an alarm.
 */
export type AppendOutcome<E> =
  | { kind: 'written' }
  | { kind: 'refused'; by: JournalDocument<E> }
  | { kind: 'conflict'; accepted: readonly string[] };

export interface AppendOptions {
  clock: Clock;
  random: Random;
  /** Gives up an append whose outcome is unknown: it rejects with the signal's reason. */
  signal: AbortSignal;
  /** Called each time that the outcome is unknown, before the same insert is tried again. */
  onUnknown?: (cause: unknown) => void;
}

const PAUSE = { firstMs: 50, longestMs: 1_000 };

/**
 * Appends one document and does not return before its outcome is *known*. After a lost answer it makes the same insert
 * again. After a duplicate key it reads the position, because the document that is there may be ours.
 */
export const append = async <E>(
  store: JournalStore<E>,
  document: JournalDocument<E>,
  options: AppendOptions,
): Promise<AppendOutcome<E>> => {
  for (let failures = 1; ; failures += 1) {
    options.signal.throwIfAborted();
    const outcome = await outcomeOf(store, document, await store.insert(document));
    if (outcome.kind !== 'unknown') {
      return outcome;
    }
    options.onUnknown?.(outcome.cause);
    await options.clock.sleep(backoffMs(PAUSE, failures, options.random.float()), options.signal);
  }
};

type Learned<E> = AppendOutcome<E> | { kind: 'unknown'; cause: unknown };

/** Learns the outcome of a refused insert: reads the position and sees whose it is. */
const outcomeOf = async <E>(
  store: JournalStore<E>,
  document: JournalDocument<E>,
  insert: InsertOutcome,
): Promise<Learned<E>> => {
  if (insert.kind !== 'duplicate') {
    return insert;
  }
  let found;
  try {
    found = await store.find(document.workload, document.n);
  } catch (cause) {
    return { kind: 'unknown', cause };
  }
  if (found?.appendId === document.appendId) {
    return { kind: 'written' };
  }
  if (found !== undefined) {
    return { kind: 'refused', by: found };
  }
  if (insert.key === 'accepted') {
    return { kind: 'conflict', accepted: document.accepted ?? [] };
  }
  return {
    kind: 'unknown',
    cause: new Error(`position ${document.n} was refused as taken, yet it is not there`),
  };
};
