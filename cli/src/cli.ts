import type { Clock } from '#libs/clock/index.ts';
import type { Random } from '#libs/random/index.ts';

/** Where text goes: a terminal, a pipe, or a test's memory. */
export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Everything that a command takes from the world around it. `main.ts` makes the real one. */
export interface Cli {
  stdout: Stream;
  stderr: Stream;
  /** Standard input, for `call` with streams or `-`. */
  stdin: AsyncIterable<Uint8Array | string>;
  cwd: string;
  env: CliEnvironment;
  clock: Clock;
  random: Random;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  interrupt: AbortSignal;
}

/** The environment variables that the command line reads. */
export interface CliEnvironment {
  home: string;
  context?: string | undefined;
  /** `MUSTER_TOKEN`: used instead of the context's tokens. */
  token?: string | undefined;
  /** `MUSTER_TLS_CERT`, `MUSTER_TLS_KEY`, `MUSTER_TLS_CA`: files. */
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
  tlsCa?: string | undefined;
  /** `MUSTER_INSECURE=1`: plain text to other machines is allowed. */
  insecure?: boolean | undefined;
  /** What child processes inherit: `PATH`, `HOME`, locale and the like. */
  inherited: Readonly<Record<string, string | undefined>>;
}
