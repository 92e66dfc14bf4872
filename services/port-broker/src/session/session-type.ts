import type { Command } from '#libs/programs/index.ts';
import type { WatchedLimits } from '#libs/sandbox/index.ts';
import type { Session } from '../domain/session.ts';

export interface Program {
  role: string;
  command: (nonce: string) => Command;
}

/** How the programs of one session are run. */
export interface Recipe {
  /** In the order in which they are started. */
  programs: readonly Program[];
  /** The role of the program that listens on the leased port; undefined: none does. */
  listener: string | undefined;
  /** Polled until clients can use it. `said` is the output of a program since it was started. */
  isReady: (said: (role: string) => string) => Promise<boolean>;
  readyMs: number;
}

/** What the sessions of one type have in common. */
export interface SessionType<Spec> {
  name: Session['type'];
  /** The pool of its ports. */
  pool: string;
  /** Whether a program that ends is started again. If not, the session ends with it. */
  isRestarted: (role: string) => boolean;
  /** What a program and all that it starts may use together, the session's folder included; undefined: it is not watched. */
  limits?: (session: Session<Spec>, role: string) => WatchedLimits | undefined;
  /** How long a program may take to end after SIGTERM. */
  graceMs: number;
  /** How many sessions are started at a time; others wait. */
  startsAtOnce: number;
  /** Called after each change of a session. */
  changed?: (session: Session<Spec>) => void;
  /** Called with ended sessions that are no longer remembered. */
  forgotten?: (ids: readonly string[]) => void;
  /**
   * Makes what the programs need and what may take long, before the session has its turn to start. The signal aborts when nobody waits for
   * the session any more, or this process ends. It may be called again.
   */
  prepare?: (session: Session<Spec>, folder: string, signal: AbortSignal) => Promise<void>;
  /** `folder`: the session's own. Throws StartFailure if a program is missing. */
  recipe: (session: Session<Spec>, folder: string) => Promise<Recipe>;
}
