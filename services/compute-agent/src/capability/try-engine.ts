import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#libs/clock/index.ts';
import type { Random } from '#libs/random/index.ts';
import { installDriver } from '../engines/blender/install.ts';
import { answers } from '../engines/blender/renderer-protocol.ts';
import { startRenderer } from '../engines/blender/renderer.ts';
import type { RenderEngine } from '../engines/index.ts';
import { verifyPicture } from '../pictures/index.ts';
import { makeWorkDir, rendererLimits, type Sandbox } from '../sandbox/index.ts';

/** Where and with what engines are tried. */
export interface TrialOptions {
  sandbox: Sandbox;
  /** A folder for this agent alone. */
  folder: string;
  memoryBytes: number;
  clock: Clock;
  random: Random;
}

const SIZE = 8;
/** A graphics driver in software compiles its programs at the first picture. */
const TIMEOUT_MS = 180_000;

/** Why an engine does not work here: for people. Undefined: it does. */
export const tryEngine = async (
  program: string,
  engine: RenderEngine,
  options: TrialOptions,
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
  const renderer = startRenderer({
    sandbox,
    program,
    driver,
    workDir,
    readOnly: [],
    limits,
    threads: 1,
    clock,
    random,
  });
  try {
    const file = join(workDir, 'try.png');
    const patience = { timeoutMs: TIMEOUT_MS, quietMs: TIMEOUT_MS };
    const request = { do: 'probe', engine, file: renderer.at(file) } as const;
    const reply = await renderer.ask(request, answers.probe, patience, signal);
    if (reply.kind !== 'answered') {
      return reply.kind === 'hung' ? reply.text : `Blender ${reply.kind}`;
    }
    if (!reply.answer.ok) {
      return reply.answer.reason;
    }
    const verdict = await verifyPicture(file, { format: 'PNG', width: SIZE, height: SIZE }, { sandbox, clock });
    return verdict.kind === 'bad' ? verdict.reason : undefined;
  } finally {
    await renderer.end();
    await rm(folder, { recursive: true, force: true });
  }
};
