import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeWorkDir, rendererLimits } from '../../sandbox/index.ts';
import type { Surroundings } from '../family.ts';
import { failureOfTrouble } from './failures.ts';
import { installDriver } from './install.ts';
import type { RenderEngine } from './job.ts';
import { verifyPicture } from './pictures/verify.ts';
import { answers } from './renderer-protocol.ts';
import { startRenderer } from './renderer.ts';

const SIZE = 8;
/** A software graphics driver compiles its shaders at the first picture. */
const TIMEOUT_MS = 180_000;

const lastLine = (log: string): string => {
  const line = log.trimEnd().split('\n').at(-1)?.slice(0, 200) ?? '';
  return line === '' ? '' : ` (${line})`;
};

/** Why an engine does not work here, for people; undefined if it works. */
export const tryEngine = async (
  program: string,
  engine: RenderEngine,
  options: Pick<Surroundings, 'sandbox' | 'folder' | 'memoryBytes' | 'clock' | 'random'>,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const { sandbox, clock, random } = options;
  const folder = join(options.folder, random.id('try'));
  const workDir = join(folder, 'work');
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  await makeWorkDir(sandbox, workDir);
  const driver = await installDriver(join(folder, 'driver'));
  const limits = rendererLimits(options.memoryBytes, 1);
  const own = { program, driver, workDir, readOnly: [], limits, threads: 1 };
  const renderer = startRenderer({ ...own, sandbox, clock, random });
  try {
    const patience = { timeoutMs: TIMEOUT_MS, quietMs: TIMEOUT_MS };
    const request = { do: 'probe', engine, folder: renderer.at(workDir) } as const;
    const reply = await renderer.ask(request, answers.probe, patience, { signal });
    if (reply.kind !== 'answered') {
      const failure = failureOfTrouble(reply, '', 0);
      return failure.kind === 'failed' ? failure.reason + lastLine(renderer.log()) : undefined;
    }
    if (!reply.answer.ok) {
      return reply.answer.reason;
    }
    const file = join(workDir, reply.answer.files[0]?.name ?? '');
    const expected = { width: SIZE, height: SIZE };
    const verdict = await verifyPicture(file, expected, { sandbox, clock });
    return verdict.kind === 'bad' ? verdict.reason : undefined;
  } finally {
    await renderer.end();
    await rm(folder, { recursive: true, force: true });
  }
};
