import type { Attempt } from '#libs/contracts/common.ts';

/**
 * The phase of an attempt on this machine. `waiting`: it waits for a slot. `running`: a slot works on it.
 * `finished`: it has an outcome, and the mesh has not decided yet. `decided`: the mesh has decided. A decided
 * attempt is kept until the mesh no longer names it, because a desired state from before the decision can
 * arrive after it.
 */
export type Phase = 'waiting' | 'running' | 'finished' | 'decided';

/** An attempt that this machine knows of. */
export interface Doing {
  workloadId: string;
  phase: Phase;
}

/** What has to change on this machine. `stop` and `forget` name attempts by their keys. */
export interface Changes {
  start: Attempt[];
  stop: string[];
  forget: string[];
}

/** Names an attempt on this machine: its id is unique only within its workload. */
export const attemptKey = (workloadId: string, attempt: string): string =>
  `${workloadId}/${attempt}`;

/**
 * Compares the desired state with what the machine does. Every attempt that the state does not name stops,
 * also of other workloads. A finished one stays until it is decided. A state with `adopt` names nothing and
 * leaves its own workload as it is.
 */
export const reconcile = (
  desired: { workloadId: string; adopt: boolean; attempts: readonly Attempt[] },
  doing: ReadonlyMap<string, Doing>,
): Changes => {
  const { workloadId, adopt } = desired;
  const start: Attempt[] = [];
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
