import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Hardware, makeWorkDir, rendererLimits } from '#libs/sandbox/index.ts';
import type { Surroundings } from '../family.ts';
import { backends } from './devices/backends.ts';
import type { RenderingDevice } from './devices/device.ts';
import { failureOfTrouble } from './failures.ts';
import { installDriver } from './install.ts';
import type { RenderEngine } from './job.ts';
import { verifyPicture } from '#libs/pictures/index.ts';
import { answers, type FoundDevice } from './renderer-protocol.ts';
import { type Renderer, startRenderer, type Trouble } from './renderer.ts';

/** What a trial needs of the agent. */
export type TryOptions = Pick<
  Surroundings,
  'sandbox' | 'folder' | 'memoryBytes' | 'clock' | 'random'
>;

const SIZE = 8;
/** A software graphics driver compiles its shaders at the first picture, that of a graphics card all of Cycles. */
const TIMEOUT_MS = 180_000;
const DEVICE_TIMEOUT_MS = 600_000;

const lastLine = (log: string): string => {
  const line = log.trimEnd().split('\n').at(-1)?.slice(0, 200) ?? '';
  return line === '' ? '' : ` (${line})`;
};

/** Starts a Blender for one request. Nothing of it is left afterwards. */
const withBlender = async <T>(
  program: string,
  options: TryOptions & { hardware?: Hardware | undefined },
  ask: (renderer: Renderer, workDir: string) => Promise<T>,
): Promise<T> => {
  const { sandbox, clock, random, hardware } = options;
  const folder = join(options.folder, random.id('try'));
  const workDir = join(folder, 'work');
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  await makeWorkDir(sandbox, workDir);
  const driver = await installDriver(join(folder, 'driver'));
  const limits = rendererLimits(options.memoryBytes, 1);
  const own = { program, driver, workDir, readOnly: [], limits, threads: 1, hardware };
  const renderer = startRenderer({ ...own, sandbox, clock, random });
  try {
    return await ask(renderer, workDir);
  } finally {
    await renderer.end();
    await rm(folder, { recursive: true, force: true });
  }
};

/** Why there was no answer, for people; undefined if the caller did not wait for it. */
const troubleOf = (trouble: Trouble, renderer: Renderer): string | undefined => {
  const failure = failureOfTrouble(trouble, '', 0);
  return failure.kind === 'failed' ? failure.reason + lastLine(renderer.log()) : undefined;
};

/** Why an engine does not work here, with a graphics card if one is named, for people; undefined if it works. */
export const tryEngine = (
  program: string,
  engine: RenderEngine,
  { device, ...options }: TryOptions & { device?: RenderingDevice },
  signal: AbortSignal,
): Promise<string | undefined> =>
  withBlender(program, { ...options, hardware: device?.hardware }, async (renderer, workDir) => {
    const { sandbox, clock } = options;
    const timeoutMs = device === undefined ? TIMEOUT_MS : DEVICE_TIMEOUT_MS;
    const patience = { timeoutMs, quietMs: timeoutMs };
    const folder = renderer.at(workDir);
    const request = { do: 'probe', engine, folder, device: device?.use } as const;
    const reply = await renderer.ask(request, answers.probe, patience, { signal });
    if (reply.kind !== 'answered') {
      return troubleOf(reply, renderer);
    }
    if (!reply.answer.ok) {
      return reply.answer.reason;
    }
    const file = join(workDir, reply.answer.files[0]?.name ?? '');
    const expected = { width: SIZE, height: SIZE };
    const verdict = await verifyPicture(file, expected, { sandbox, clock });
    return verdict.kind === 'bad' ? verdict.reason : undefined;
  });

/** The graphics cards that Cycles finds, each once for each backend; or why it does not say, for people. */
export const listDevices = (
  program: string,
  options: TryOptions & { hardware: Hardware },
  signal: AbortSignal,
): Promise<FoundDevice[] | string> =>
  withBlender(program, options, async (renderer) => {
    const patience = { timeoutMs: TIMEOUT_MS, quietMs: TIMEOUT_MS };
    const request = { do: 'devices', backends } as const;
    const reply = await renderer.ask(request, answers.devices, patience, { signal });
    if (reply.kind !== 'answered') {
      return troubleOf(reply, renderer) ?? [];
    }
    return reply.answer.ok ? reply.answer.devices : reply.answer.reason;
  });
