import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { poll } from '#libs/async/index.ts';
import { lastLines, rotateOutput, startProgram } from '#libs/programs/index.ts';
import type { Cli } from '../cli.ts';
import { Interrupted, precondition } from '../failures.ts';
import { readIfThere } from './files.ts';
import { prepareDirectory, type Layout } from './layout.ts';
import { alreadyUp, findHolder } from './lock.ts';
import type { UpOptions } from './options.ts';
import { endpointLines, type Tell } from './tell.ts';

const announcementSchema = z.object({
  pid: z.number(),
  endpoints: z.object({
    session: z.string(),
    user: z.string(),
    port: z.string(),
    blob: z.string(),
  }),
});

const main = new URL('../main.ts', import.meta.url);
const register = new URL('../../../libs/telemetry/register.ts', import.meta.url);
const POLL_MS = 100;

/** Runs `muster up` as a process of its own, and returns when that is ready. */
export const bringUpDetached = async (cli: Cli, options: UpOptions, tell: Tell): Promise<void> => {
  const layout = await prepareDirectory(options.data);
  const holder = await findHolder(layout.lock);
  if (holder !== undefined) {
    throw alreadyUp(holder);
  }
  const output = layout.log('up');
  await rotateOutput(output);
  const argv = [
    process.execPath,
    '--import',
    fileURLToPath(register),
    fileURLToPath(main),
    'up',
    ...argumentsOf(options),
  ];
  const child = await startProgram({ argv, cwd: cli.cwd, env: cli.env.inherited, output });
  let hasExited = false;
  void child.exited.then(() => (hasExited = true));

  const look = async () => {
    const announced = await announcement(layout, child.pid);
    if (announced === undefined && hasExited) {
      throw upFailed(output, await lastLines(output));
    }
    return announced;
  };
  const { clock, interrupt: signal } = cli;
  try {
    const { endpoints, pid } = await poll(look, { clock, everyMs: POLL_MS, signal });
    tell(
      { event: 'endpoints', ...endpoints, context: layout.context },
      endpointLines(endpoints, layout.context),
    );
    tell({ event: 'ready', pid }, 'ready');
  } catch (error) {
    if (!signal.aborted) {
      throw error;
    }
    child.kill('SIGTERM');
    throw new Interrupted('interrupted; the mesh that was starting ends');
  } finally {
    child.unref();
  }
};

const announcement = async (layout: Layout, pid: number | undefined) => {
  const text = await readIfThere(layout.announcement);
  if (text === undefined) {
    return undefined;
  }
  const { data } = announcementSchema.safeParse(JSON.parse(text));
  return data?.pid === pid ? data : undefined;
};

const upFailed = (log: string, lastWords: string) =>
  precondition('UP_FAILED', `the mesh did not start; its log ${log} ends with:\n${lastWords}`);

const argumentsOf = (options: UpOptions): string[] => {
  const { data, agents, slots, engines, supervisors, userManagers, portHosts } = options;
  const given = {
    data,
    agents,
    slots,
    engines,
    supervisors,
    'user-managers': userManagers,
    'port-hosts': portHosts,
  };
  const external = { mongo: options.mongo, nats: options.nats, blob: options.blob };
  return [
    ...Object.entries({ ...given, ...external }).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}`, String(value)],
    ),
    ...options.caseRoot.flatMap((root) => ['--case-root', root]),
    ...options.computeWorker.flatMap((worker) => ['--compute-worker', worker]),
    ...options.vncNetwork.flatMap((network) => ['--vnc-network', network]),
    ...Object.entries(options.tls ?? {}).flatMap(([name, file]) => [`--tls-${name}`, String(file)]),
    ...(options.sandbox ? [] : ['--no-sandbox']),
    ...(options.restart ? [] : ['--no-restart']),
  ];
};
