import type { Session } from '../domain/session.ts';
import type { Lifecycle } from './lifecycle.ts';

/** A session with what its manager knows of it. */
export interface ManagedSession<Spec> {
  session: Session<Spec>;
  /** undefined: it waits for its lease, or is over. */
  lifecycle: Lifecycle<Spec> | undefined;
  /** Resolves or rejects when its first start does. */
  begun: Promise<unknown>;
  /** Resolves when it is over. */
  over: Promise<void>;
  /** How many callers wait for its start. When the last of them leaves, it no longer waits for a port. */
  interested: number;
  giveUp: AbortController;
}

export const newManagedSession = <Spec>(session: Session<Spec>): ManagedSession<Spec> => {
  const done = Promise.resolve();
  return {
    session,
    lifecycle: undefined,
    begun: done,
    over: done,
    interested: 0,
    giveUp: new AbortController(),
  };
};
