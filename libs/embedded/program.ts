import type { Exit } from '#libs/programs/index.ts';

/** A process that was just started. */
export interface Started {
  pid: number;
  /** Aborts when waiting for it makes no sense any more. */
  signal: AbortSignal;
}

/** A program that can be started: everything it needs has been written. */
export interface Program {
  /** As in process lists: `mongod`, `session-supervisor`. */
  name: string;
  /** Absolute path. */
  command: string;
  args: readonly string[];
  /** Added to the environment that it is launched with. */
  env: Readonly<Record<string, string>>;
  /** How long it may take to end when asked, in milliseconds; then it is killed. */
  stopMs: number;
  /** Resolves when clients can use it, and it really is this process that answers; rejects when `signal` aborts. */
  ready(started: Started): Promise<void>;
}

/** One of the stores. */
export interface StoreProgram extends Program {
  /** How clients reach it, credentials included: never log it. A URL, for Azurite a connection string. */
  url: string;
}

/** A program that runs. */
export interface Running {
  readonly name: string;
  readonly pid: number;
  /** Resolves when it has ended, however. Never rejects. */
  readonly exited: Promise<Exit>;
  hasExited(): boolean;
  /** Sends a signal; false when it has ended already. */
  kill(signal: NodeJS.Signals): boolean;
  /** Asks it to end (also when it is frozen) and kills it if it takes too long. */
  stop(): Promise<Exit>;
}
