/** What somebody asked the mesh for, and what they were told. A timeout is `unknown`, never `failed`. */
export interface Asked {
  at: number;
  what: string;
  workload: string;
  requestId: string;
  outcome: 'ok' | 'failed' | 'unknown';
}

/** Everything that was asked, in the order in which it was answered; nothing is ever taken back. */
export interface History {
  readonly all: readonly Asked[];
  add(asked: Asked): void;
}

export const createHistory = (): History => {
  const all: Asked[] = [];
  return { all, add: (asked) => void all.push(asked) };
};
