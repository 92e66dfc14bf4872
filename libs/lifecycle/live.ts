import { rename, writeFile } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { aborted } from '#libs/async/index.ts';
import { ConfigError } from '#libs/config/index.ts';
import { ExitCode, refuseToStart } from './exit-code.ts';
import type { Runtime, Start, Started } from './service.ts';

/**
 * The life of a service: it starts, says where it is, waits to be asked to stop, drains, and closes what it opened in
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
