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
interface Shown {
  event: 'shown';
  at: number;
  /** The number of the watch. The states of one watch never go back. */
  watch: number;
  workload: Pick<Workload, 'workloadId' | 'revision' | 'completed' | 'failed' | 'total'>;
}

export type History = ReturnType<typeof createHistory>;

/** All requests, outcomes and shown states, in order. Records are only added. */
export const createHistory = () => {
  const all: (Asked | Shown)[] = [];
  return {
    all: all as readonly (Asked | Shown)[],
    add: (event: Asked | Shown): void => void all.push(event),
  };
};
