import type { Workload } from '#libs/contracts/session.ts';

/** A request to the mesh, or its outcome. A timeout is `unknown`, never `failed`. */
export interface Asked {
  event: 'invoked' | 'ok' | 'failed' | 'unknown';
  at: number;
  what: string;
  workload: string;
  requestId: string;
}

/** A state of a workload that a watch showed. */
export interface Shown {
  event: 'shown';
  at: number;
  /** The number of the watch. The states of one watch never go back. */
  watch: number;
  workload: Pick<Workload, 'workloadId' | 'revision' | 'completed' | 'failed' | 'total'>;
}

/** All requests, outcomes and shown states, in order. Records are only added. */
export interface History {
  readonly all: readonly (Asked | Shown)[];
  add(event: Asked | Shown): void;
}

export const createHistory = (): History => {
  const all: (Asked | Shown)[] = [];
  return { all, add: (event) => void all.push(event) };
};
