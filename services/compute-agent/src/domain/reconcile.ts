import type { Attempt } from '#libs/contracts/common.ts';

/**
 * Where an attempt is on this machine. `waiting`: for a slot. `running`: in a slot. `finished`: it has a result, or a
 * reason why not, and what became of that is not known yet. `decided`: the mesh knows; remembered only until the mesh
 * no longer names it, because a state that was sent before it knew may arrive after.
 */
export type Phase = 'waiting' | 'running' | 'finished' | 'decided';

/** An attempt that this machine knows of. */
export interface Doing {
  workloadId: string;
  phase: Phase;
}

/** What has to change on this machine. Attempts to stop and to forget are named by their keys. */
export interface Changes {
  start: Attempt[];
  stop: string[];
  forget: string[];
}

/** Names an attempt on this machine: its id is unique only within its workload. */
export const attemptKey = (workloadId: string, attempt: string): string => `${workloadId}/${attempt}`;

/**
 * Compares what the machine should work on with what it does. Everything that is not named stops, also of other
 * workloads; what is finished stays until it is decided. A state that says `adopt` names nothing and leaves its own
 * workload as it is.
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
