/**
 * The phase of an attempt on this machine: it waits for a slot, has one, has an outcome, or the mesh has decided. A
 * decided one is kept until the mesh no longer names it, because a desired state from before can arrive after that.
 */
export type Phase = 'waiting' | 'running' | 'finished' | 'decided';

/** An attempt that this machine knows of. */
export interface Doing {
  workloadId: string;
  phase: Phase;
}

/** What has to change on this machine. `stop` and `forget` name attempts by their keys. */
interface Changes<A> {
  start: A[];
  stop: string[];
  forget: string[];
}

/** Names an attempt on this machine: its id is unique only within its workload. */
export const attemptKey = (workloadId: string, attempt: string): string =>
  `${workloadId}/${attempt}`;

/**
 * Compares the desired state with what the machine does. Every attempt that the state does not name stops, also of other
 * workloads, except finished ones. A state with `adopt` names nothing and leaves its own workload as it is.
 */
export const reconcile = <A extends { attempt: string }>(
  desired: { workloadId: string; adopt: boolean; attempts: readonly A[] },
  doing: ReadonlyMap<string, Doing>,
): Changes<A> => {
  const { workloadId, adopt } = desired;
  const start: A[] = [];
  const named = new Set<string>();
  for (const attempt of adopt ? [] : desired.attempts) {
    const key = attemptKey(workloadId, attempt.attempt);
    if (!named.has(key) && !doing.has(key)) {
      start.push(attempt);
    }
    named.add(key);
  }
  const stop: string[] = [];
  const forget: string[] = [];
  for (const [key, { workloadId: own, phase }] of doing) {
    if (named.has(key) || (adopt && own === workloadId)) {
      continue;
    }
    if (phase === 'decided') {
      forget.push(key);
    } else if (phase !== 'finished') {
      stop.push(key);
    }
  }
  return { start, stop, forget };
};
