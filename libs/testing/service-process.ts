import { join } from 'node:path';
import { launch, serviceAddress, serviceProgram } from '#libs/embedded/index.ts';
import { tempDir } from './temp-dir.ts';

export interface ServiceProcessOptions {
  /** `session-supervisor`: the folder below services/. */
  name: string;
  /** The service's variables. A port of 0 is another one after a restart. */
  env: Readonly<Record<string, string>>;
}

/** A service as it runs in production, in a process of its own. */
export interface RunningService extends AsyncDisposable {
  /** The gRPC target where it is reached. */
  readonly address: string;
  readonly pid: number;
  /** Whether it has ended. */
  hasExited(): boolean;
  /** What it logs. */
  readonly logFile: string;
  /** Sends a signal. Resolves when the process has ended, or at once for SIGSTOP and SIGCONT. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Asks it to drain; resolves with its exit code, null when it had to be killed. */
  stop(): Promise<number | null>;
  /** Starts it again with the same variables; stops it before if it still runs. */
  restart(): Promise<void>;
}

/** Starts a service and waits until it can be reached. Nothing of this process' environment but PATH gets to it. */
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
