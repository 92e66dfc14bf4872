import { join } from 'node:path';
import { serviceAddress, serviceProgram } from '#libs/embedded/index.ts';
import { tempDir } from './temp-dir.ts';
import { startTestProcess, type TestProcess } from './test-process.ts';

export interface ServiceProcessOptions {
  /** `session-supervisor`: the folder below services/. */
  name: string;
  /** The service's variables. Port 0 means another port after each restart. */
  env: Readonly<Record<string, string>>;
}

/** A service in a process of its own, as in production. */
export interface RunningService extends TestProcess {
  /** Its gRPC target. */
  readonly address: string;
}

/** Starts a service and waits until it can be reached. Of this process' environment it gets only PATH. */
export const startService = async ({
  name,
  env,
}: ServiceProcessOptions): Promise<RunningService> => {
  await using opening = new AsyncDisposableStack();
  const dir = opening.use(await tempDir());
  const readyFile = join(dir.path, 'ready.json');
  const program = serviceProgram({ name, env, readyFile });
  const started = opening.use(await startTestProcess(program, { PATH: process.env['PATH'] }, dir));
  const { restart } = started;
  const service: TestProcess & { address: string } = Object.assign(started, {
    address: await serviceAddress(readyFile),
    restart: async () => {
      await restart();
      service.address = await serviceAddress(readyFile);
    },
  });
  opening.move();
  return service;
};
