import { join } from 'node:path';
import { launch, serviceAddress, serviceProgram } from '#libs/embedded/index.ts';
import { tempDir } from './temp-dir.ts';

export interface ServiceProcessOptions {
  /** `session-supervisor`: the folder below services/. */
  name: string;
  /** The service's variables. Port 0 means another port after each restart. */
  env: Readonly<Record<string, string>>;
}

/** A service in a process of its own, as in production. */
export interface RunningService extends AsyncDisposable {
  /** Its gRPC target. */
  readonly address: string;
  readonly pid: number;
  /** Whether it has ended. */
  hasExited(): boolean;
  /** Its log. */
  readonly logFile: string;
  /** Sends a signal. Resolves when the process has ended, or at once for SIGSTOP and SIGCONT. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Asks it to drain. Resolves with its exit code, or null if it had to be killed. */
  stop(): Promise<number | null>;
  /** Starts it again with the same variables, after stopping it if it still runs. */
  restart(): Promise<void>;
}

/** Starts a service and waits until it can be reached. Of this process' environment it gets only PATH. */
export const startService = async ({ name, env }: ServiceProcessOptions): Promise<RunningService> => {
  await using opening = new AsyncDisposableStack();
  const dir = opening.use(await tempDir());
  const logFile = join(dir.path, 'log');
  const readyFile = join(dir.path, 'ready.json');
  const program = serviceProgram({ name, env, readyFile });
  const start = () => launch(program, { env: { PATH: process.env['PATH'] }, logFile, deathSignal: 'SIGKILL' });
  let running = await start();
  let address = await serviceAddress(readyFile);
  opening.move();
  return {
    get address() {
      return address;
    },
    get pid() {
      return running.pid;
    },
    logFile,
    hasExited: () => running.hasExited(),
    kill: async (signal) => {
      running.kill(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await running.exited;
    },
    stop: async () => (await running.stop()).code,
    restart: async () => {
      if (!running.hasExited()) await running.stop();
      running = await start();
      address = await serviceAddress(readyFile);
    },
    [Symbol.asyncDispose]: async () => {
      running.kill('SIGKILL');
      await running.exited;
      await dir[Symbol.asyncDispose]();
    },
  };
};
