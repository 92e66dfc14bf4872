import { every, type Repetition } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { Told } from '#libs/contracts/agent-told.ts';
import type { Finished } from './outbox/kept.ts';
import type { Doing } from './work/slot-group.ts';

const MAX_CUSTOMERS = 20;
const EVERY_MS = 1_000;

const describe = ({ assignment, work }: Doing): Told['doing'][number] => {
  const { workloadId, attempt, progress } = assignment;
  const file = work?.kind?.$case === 'render' ? work.kind.value.scene?.fileName : undefined;
  return {
    what: file || workloadId,
    task: attempt.task,
    customer: work?.customerId ?? '',
    fraction: progress?.fraction ?? null,
    remainingSeconds: progress?.remainingSeconds ?? null,
  };
};

/** Counts what a machine does, for its owner. */
export const createTally = () => {
  let done = 0;
  let failed = 0;
  let seconds = 0;
  let connected = false;
  const customers = new Set<string>();
  return {
    connected: (is: boolean): void => {
      connected = is;
    },
    finished(outcome: Finished): void {
      done += outcome.kind === 'completed' ? 1 : 0;
      failed += outcome.kind === 'failed' ? 1 : 0;
      seconds += outcome.seconds ?? 0;
    },
    /** For this customer is worked now. */
    for(customer: string): void {
      if (customer !== '' && customers.size < MAX_CUSTOMERS) {
        customers.add(customer);
      }
    },
    /** `waiting` results could not be stored so far. */
    told: (doing: readonly Doing[], waiting: number): Told => ({
      connected,
      doing: doing.map(describe),
      done,
      failed,
      seconds,
      waiting,
      customers: [...customers],
    }),
  };
};

/** Writes what a machine does whenever that has changed, once a second at most. */
export const startTelling = (
  told: () => Told,
  write: (line: string) => void,
  clock: Clock,
): Repetition => {
  let last = '';
  return every({ clock, everyMs: EVERY_MS }, () => {
    const line = JSON.stringify({ tell: told() });
    if (line !== last) {
      last = line;
      write(`${line}\n`);
    }
  });
};
