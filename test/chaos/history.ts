import type { Workload } from '#libs/contracts/session.ts';

/** Somebody asked the mesh for something, or was told what came of it. A timeout is `unknown`, never `failed`. */
export interface Asked {
  event: 'invoked' | 'ok' | 'failed' | 'unknown';
  at: number;
  what: string;
  workload: string;
  requestId: string;
}

/** Somebody was shown a workload. */
export interface Shown {
  event: 'shown';
  at: number;
  /** Which of all watches, for what one of them shows never goes back. */
  watch: number;
  workload: Pick<Workload, 'workloadId' | 'revision' | 'completed' | 'failed' | 'total'>;
}

/** Everything that was asked for, told and shown, as it happened; nothing is ever taken back. */
export interface History {
  readonly all: readonly (Asked | Shown)[];
  add(event: Asked | Shown): void;
}

export const createHistory = (): History => {
  const all: (Asked | Shown)[] = [];
  return { all, add: (event) => void all.push(event) };
};
