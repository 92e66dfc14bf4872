import type { Environment } from '#libs/config/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';

/** What a service is given to build itself with. */
export interface Runtime {
  /** The environment with the command line's flags laid over it. */
  env: Environment;
  log: Logger;
  /** Everything that is opened goes in here, and is closed in reverse order at the end. */
  stack: AsyncDisposableStack;
  /** Aborts when the drain begins, also while the service is still starting. */
  signal: AbortSignal;
}

/** A service that can be reached. */
export interface Started {
  /** A gRPC target, or whatever names the process to others. */
  address: string;
  /** Says NOT_SERVING and finishes what is going on; called before the stack is closed. */
  drain?: () => Promise<void>;
}

/** Builds a service. What it throws ends the process with 1; a ConfigError, with 2. */
export type Start = (runtime: Runtime) => Promise<Started>;
