import { rename, writeFile } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { aborted } from '#libs/async/index.ts';
import { ConfigError, type Environment } from '#libs/config/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';

/** How a service process ends. */
export const ExitCode = {
  /** It was asked to stop and everything was finished and closed. */
  CLEAN: 0,
  /** It could not start, something unforeseen was thrown, or the drain was cut short. */
  FAILED: 1,
  /** Its configuration is wrong; every problem was printed to stderr. */
  CONFIG: 2,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Tells a person, on stderr and not as JSON, everything that is wrong with the configuration. */
export const refuseToStart = (name: string, error: ConfigError): ExitCode => {
  process.stderr.write(`${name} cannot start:\n${error.message.replaceAll(/^/gm, '  ')}\n`);
  return ExitCode.CONFIG;
};

/** What a service is given to build itself with. */
interface Runtime {
  /** The environment with the command line's flags laid over it. */
  env: Environment;
  log: Logger;
  /** Everything that is opened goes in here, and is closed in reverse order at the end. */
  stack: AsyncDisposableStack;
  /** Aborts when the drain begins, also while the service is still starting. */
  signal: AbortSignal;
}

export interface Started {
  /** A gRPC target, or whatever names the process to others. */
  address: string;
  /** Says NOT_SERVING and finishes what is going on; called before the stack is closed. */
  drain?: () => Promise<void>;
}

/** Builds a service. What it throws ends the process with 1; a ConfigError, with 2. */
export type Start = (runtime: Runtime) => Promise<Started>;

/** A service's life: it starts, says in `readyFile` where it is, waits to be asked to stop, drains, and closes in reverse order. */
export const live = async (
  name: string,
  runtime: Runtime,
  start: Start,
  readyFile: string | undefined,
): Promise<ExitCode> => {
  const { log, signal, stack } = runtime;
  const asked = aborted(signal).then(() => 'asked' as const);

  const serve = async (started: Started): Promise<ExitCode> => {
    if (readyFile !== undefined) {
      await writeReadyFile(readyFile, started.address);
    }
    log.info({ address: started.address }, `listening ${started.address}`);
    // A process that is killed has no chance to write what it compiled.
    flushCompileCache();
    await asked;
    log.info({ why: signal.reason }, 'draining');
    await started.drain?.();
    return ExitCode.CLEAN;
  };

  const startAndServe = async (): Promise<ExitCode> => {
    const starting = start(runtime);
    // A start that was given up may still fail; its stack is closed, and nobody needs its error.
    starting.catch(() => {});
    const started = await Promise.race([starting, asked]).catch((thrown: unknown) => {
      if (signal.aborted) {
        return 'asked' as const;
      }
      throw thrown;
    });
    return started === 'asked' ? ExitCode.CLEAN : serve(started);
  };

  const code = await startAndServe().catch((err: unknown) => {
    if (err instanceof ConfigError) {
      return refuseToStart(name, err);
    }
    log.fatal({ err }, 'cannot go on');
    return ExitCode.FAILED;
  });
  try {
    await stack.disposeAsync();
  } catch (err) {
    log.error({ err }, 'not everything could be closed');
    return code === ExitCode.CLEAN ? ExitCode.FAILED : code;
  }
  log.info({ code }, 'ended');
  return code;
};

/** Says where the service is. The file is renamed into place, because whoever watches for it must not see half of it. */
const writeReadyFile = async (path: string, address: string): Promise<void> => {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify({ pid: process.pid, address })}\n`);
  await rename(draft, path);
};
