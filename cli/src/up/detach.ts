import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { poll } from '#libs/async/index.ts';
import {
  lastLines,
  outputSize,
  boundOutput,
  LOGS,
  saidSince,
  startProgram,
} from '#libs/programs/index.ts';
import type { Cli } from '../cli.ts';
import { Interrupted, precondition } from '../failures.ts';
import { failureIn } from '../tell-failure.ts';
import { readIfThere } from './files.ts';
import { prepareDirectory, type Layout } from './layout.ts';
import { alreadyUp, findHolder } from './lock.ts';
import { tellReady, type Tell } from './surroundings.ts';

const target = z.string();
const announcementSchema = z.object({
  pid: z.number(),
  endpoints: z.object({ session: target, user: target, port: target, blob: target }),
});

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const POLL_MS = 100;

/** Runs the same `muster up` as a process of its own, and returns when that is ready. */
export const bringUpDetached = async (
  cli: Cli,
  data: string,
  args: readonly string[],
  tell: Tell,
): Promise<void> => {
  const layout = await prepareDirectory(data);
  const holder = await findHolder(layout.lock);
  if (holder !== undefined) {
    throw alreadyUp(holder);
  }
  const output = layout.log('up');
  await boundOutput(output, LOGS);
  const before = await outputSize(output);
  const register = fileOf('../../../libs/telemetry/register.ts');
  const own = args.filter((argument) => argument !== '--detach' && argument !== '--json');
  const argv = [process.execPath, '--import', register, fileOf('../main.ts'), ...own];
  const child = await startProgram({ argv, cwd: cli.cwd, env: cli.env.inherited, output });
  let hasExited = false;
  void child.exited.then(() => (hasExited = true));

  const look = async () => {
    const announced = await announcement(layout, child.pid);
    if (announced === undefined && hasExited) {
      throw failureIn(saidSince(output, before)) ?? upFailed(output, await lastLines(output));
    }
    return announced;
  };
  const { clock, interrupt: signal } = cli;
  try {
    const { endpoints, pid } = await poll(look, { clock, everyMs: POLL_MS, signal });
    tellReady(tell, pid, endpoints, layout.context);
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

const announcement = async (layout: Layout, pid: number) => {
  const text = await readIfThere(layout.announcement);
  const { data } = announcementSchema.safeParse(JSON.parse(text ?? 'null'));
  return data?.pid === pid ? data : undefined;
};

const upFailed = (log: string, lastWords: string) =>
  precondition('UP_FAILED', `the mesh did not start; its log ${log} ends with:\n${lastWords}`);
