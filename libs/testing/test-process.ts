import { join } from 'node:path';
import { launch, type Program } from '#libs/embedded/index.ts';
import type { TempDir } from './temp-dir.ts';

/** A process of one test. Disposing kills it and removes its directory. */
export interface TestProcess extends AsyncDisposable {
  readonly pid: number;
  /** Its output. */
  readonly logFile: string;
  /** Whether it has ended. */
  hasExited(): boolean;
  /** Sends a signal. Resolves when the process has ended, or at once for SIGSTOP and SIGCONT. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Asks it to end. Resolves with its exit code, or null if it had to be killed. */
  stop(): Promise<number | null>;
  /** Starts the same program again, after stopping it if it still runs. Resolves when it is ready. */
  restart: () => Promise<void>;
}

/** Programs start slowly beside other tests, and Blender most of all. */
const READY_MS = 120_000;

/** Starts a program whose files are in `dir`, and waits until it is ready. Nothing is left running if it throws. */
export const startTestProcess = async (
  program: Program,
  env: Readonly<Record<string, string | undefined>>,
  dir: TempDir,
): Promise<TestProcess> => {
  const logFile = join(dir.path, 'log');
  const start = () => launch(program, { env, logFile, deathSignal: 'SIGKILL', readyMs: READY_MS });
  let running = await start();
  return {
    get pid() {
      return running.pid;
    },
    logFile,
    hasExited: () => running.hasExited(),
    kill: async (signal) => {
      running.kill(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') {
        await running.exited;
      }
    },
    stop: async () => (await running.stop()).code,
    restart: async () => {
      if (!running.hasExited()) {
        await running.stop();
      }
      running = await start();
    },
    [Symbol.asyncDispose]: async () => {
      // Its data is removed, so it needs no time to end in good order.
      running.kill('SIGKILL');
      await running.exited;
      await dir[Symbol.asyncDispose]();
    },
  };
};
