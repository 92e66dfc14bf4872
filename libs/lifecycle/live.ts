import { flushCompileCache } from 'node:module';
import { ConfigError } from '#libs/config/index.ts';
import { ExitCode } from './exit-code.ts';
import { refuseToStart } from './refuse-to-start.ts';
import { writeReadyFile } from './ready-file.ts';
import type { Runtime, Start, Started } from './service.ts';

/**
 * The life of a service: starts, says where it is, waits to be asked to stop, drains, and closes what it opened in
 * reverse order.
 *
 * @param readyFile where to say that it can be reached
 */
export const live = async (
  name: string,
  runtime: Runtime,
  start: Start,
  readyFile: string | undefined,
): Promise<ExitCode> => {
  const { log, signal, stack } = runtime;
  const asked = new Promise<'asked'>((resolve) => {
    signal.addEventListener('abort', () => resolve('asked'), { once: true });
  });

  const serve = async (started: Started): Promise<ExitCode> => {
    if (readyFile !== undefined) {
      await writeReadyFile(readyFile, started.address);
    }
    log.info({ address: started.address }, `listening ${started.address}`);
    // At its end a process may have no time to keep what it compiled.
    flushCompileCache();
    await asked;
    log.info({ why: signal.reason }, 'draining');
    await started.drain?.();
    return ExitCode.CLEAN;
  };

  const startAndServe = async (): Promise<ExitCode> => {
    const starting = start(runtime);
    // Whatever a start that was given up does from here on finds its stack closed.
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
