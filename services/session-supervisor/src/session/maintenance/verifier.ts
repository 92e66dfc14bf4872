import { createBell, createLimit, retry, within } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { JournalStore } from '#libs/journal/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { BlobAccess } from '../../blob-access.ts';
import type { Damaged, InputOf, Verified } from '../../domain/decisions/inputs.ts';
import { taskOrdinal } from '../../domain/graph/task-graph.ts';
import type { AcceptedResult, Entry } from '../../domain/state/entries.ts';
import { has } from '../../domain/sets/bitmap.ts';
import {
  checkOf,
  countsOf,
  isCurrentResult,
  isOver,
  type WorkloadState,
} from '../../domain/state/workload.ts';
import { sessionBusy } from '../owner/errors.ts';
import { createChecker, type Finding, isAlike } from './checks.ts';

interface VerifierOptions {
  workload: string;
  /** The durable state. */
  state: () => WorkloadState;
  journal: Pick<JournalStore<Entry>, 'read'>;
  blob: Pick<BlobAccess, 'checkPicture' | 'differing' | 'pictureSize'>;
  /** Takes findings. False if too much waits to be decided already. */
  decide: (found: Pick<InputOf<'checked'>, 'verified' | 'refused'>) => boolean;
  /** Has lost results made again. */
  repair: (missing: readonly Damaged[], reason: string) => Promise<unknown>;
  clock: Clock;
  random: Pick<Random, 'float'>;
  logger: Logger;
}

/** Looks at accepted results itself, soon after their acceptance and off its way. */
export interface Verifier {
  /** The journal has grown. */
  wake(): void;
  /** Why results cannot be checked now; undefined if they can. */
  error(): unknown;
  stop(): Promise<void>;
}

/** How many results of a workload are checked at a time. */
const AT_ONCE = 2;
/** Findings that are decided together. */
const MAX_BATCH = 64;
/**
 * Results gather for this long while tasks remain, because each look at the journal and each entry of findings costs as much as a
 * check. The last results are waited for, so they gather no further ones.
 */
const GATHER_MS = 1_000;
const AGAIN = { firstMs: 500, longestMs: 10_000 };

const reasonOf = ({ reason, contradicts }: Extract<Finding, { kind: 'refused' }>) => ({
  reason,
  contradicts,
});

const resultOf = (entry: Extract<Entry, { kind: 'accepted' }>): AcceptedResult => {
  const { kind: _, ...result } = entry;
  return result;
};

/** Starts to check the results of a workload that need it, in the order of the journal. */
export const startVerifier = (options: VerifierOptions): Verifier => {
  const { workload, state, journal, clock, logger } = options;
  const stopped = new AbortController();
  const { signal } = stopped;
  const bell = createBell();
  const limit = createLimit(AT_ONCE);
  const checker = createChecker({
    blob: options.blob,
    objectId: state().header.file?.objectId ?? '',
  });
  let error: unknown;
  /** Everything up to this position is checked. */
  let position = 0;

  const isDue = (entry: Entry): entry is Extract<Entry, { kind: 'accepted' }> => {
    const now = state();
    const ordinal = isCurrentResult(now, entry) ? taskOrdinal(now.graph, entry.task) : undefined;
    return ordinal !== undefined && has(now.unverified, ordinal);
  };

  const check = async (result: AcceptedResult) => {
    const now = state();
    const how = checkOf(now, taskOrdinal(now.graph, result.task) ?? 0);
    return { result, finding: await checker(how, result, signal) };
  };

  /** What decides whether others make it again, or shows whether they made the same. */
  const lookAt = async (result: AcceptedResult): Promise<NonNullable<Verified['look']>> => {
    const now = state();
    const votes = now.looks.get(taskOrdinal(now.graph, result.task) ?? -1) ?? [];
    const alike: string[] = [];
    for (const vote of votes) {
      if (await isAlike(options.blob, vote, result, signal)) {
        alike.push(vote.attempt);
      }
    }
    return { result, chance: options.random.float(), alike };
  };

  const settle = async (found: readonly Awaited<ReturnType<typeof check>>[]): Promise<void> => {
    const keyOf = ({ task, generation }: AcceptedResult): Damaged => ({ task, generation });
    const missing = found
      .filter(({ finding }) => finding.kind === 'missing')
      .map(({ result }) => keyOf(result));
    const sound = found.filter(({ finding }) => finding.kind === 'verified');
    const verified = await Promise.all(
      sound.map(async ({ result }) => ({ ...keyOf(result), look: await lookAt(result) })),
    );
    const refused = found.flatMap(({ result, finding }) => {
      const { task, generation, attempt, user, userName } = result;
      return finding.kind === 'refused'
        ? [{ task, generation, attempt, user, userName, ...reasonOf(finding) }]
        : [];
    });
    for (const each of refused) {
      logger.warn(each, 'a result is not what its user reported; it is made again by another');
    }
    if (!options.decide({ verified, refused })) {
      throw sessionBusy(workload);
    }
    if (missing.length > 0) {
      logger.warn({ missing }, 'accepted results are missing; they are made again');
      await options.repair(missing, `${missing.length} results missing`);
    }
  };

  /** Checks what is due, and has it decided together. */
  const checkAll = async (due: readonly AcceptedResult[]): Promise<void> => {
    for (let from = 0; from < due.length; from += MAX_BATCH) {
      const batch = due.slice(from, from + MAX_BATCH);
      await settle(await Promise.all(batch.map((entry) => limit(check, entry))));
    }
  };

  const round = async (): Promise<void> => {
    let due: AcceptedResult[] = [];
    let read = position;
    for await (const { n, entries } of journal.read(workload, position)) {
      if (n > state().position) {
        // It is not folded yet.
        break;
      }
      due.push(...entries.filter(isDue).map(resultOf));
      read = n;
      if (due.length >= MAX_BATCH) {
        await checkAll(due);
        due = [];
        position = read;
      }
    }
    await checkAll(due);
    position = read;
    error = undefined;
  };

  const isIdle = (now: WorkloadState): boolean =>
    now.unverified.count === 0 || isOver(now) || position >= now.position;

  const isLast = (): boolean => countsOf(state()).remaining === 0;
  /** Rings when no task remains, or it stops. */
  let last: PromiseWithResolvers<void> | undefined;
  const gather = async (): Promise<void> => {
    if (!isLast()) {
      last = Promise.withResolvers();
      await within(clock, GATHER_MS, last.promise);
      last = undefined;
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      if (isIdle(state())) {
        await bell.rung(signal);
      }
      await gather();
      await retry(round, { clock, signal, pause: AGAIN, onRetry });
    }
  };
  const onRetry = (thrown: unknown): void => {
    error = thrown;
    logger.debug({ err: thrown }, 'results cannot be checked now; it is tried again');
  };

  const running = run().catch((thrown: unknown) => {
    if (!signal.aborted) {
      throw thrown;
    }
  });
  return {
    wake: () => {
      bell.ring();
      if (isLast()) {
        last?.resolve();
      }
    },
    error: () => error,
    stop: async () => {
      stopped.abort();
      last?.resolve();
      await running;
    },
  };
};
