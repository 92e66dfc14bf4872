import type { Session } from '../domain/session.ts';
import type { Life } from './life.ts';

/** A session as its keeper has it. */
export interface Entry<Spec> {
  session: Session<Spec>;
  /** undefined: it waits for its lease, or is over. */
  life: Life<Spec> | undefined;
  /** Settles when its first start did. */
  begun: Promise<unknown>;
  /** Resolves when it is over. */
  over: Promise<void>;
  /** Who waits for its start; nobody any more: it need not wait for a port. */
  interested: number;
  giveUp: AbortController;
}

export const newEntry = <Spec>(session: Session<Spec>): Entry<Spec> => {
  const done = Promise.resolve();
  return { session, life: undefined, begun: done, over: done, interested: 0, giveUp: new AbortController() };
};
