import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { muster } from '../../cli/src/fixtures/muster-process.ts';
import { jsonLines } from '../../cli/src/fixtures/test-cli.ts';
import { pixelHashOf } from '../harness/blender.ts';
import type { PublicFile } from './files.ts';

const run = promisify(execFile);
const DIRECT = fileURLToPath(new URL('direct.py', import.meta.url));
const SAMPLES = '4';
const PERCENT = '20';
const DIRECT_TIMEOUT_MS = 300_000;

/** The same frame twice. */
export interface Pair {
  frame: number;
  ours: string;
  direct: string;
  isEqual: boolean;
}

/** A file was refused, or all its frames were compared. */
export interface Outcome {
  refusal?: Refusal;
  pairs: readonly Pair[];
}

interface Refusal {
  reason: string;
  message: string;
}

interface Surroundings {
  /** Blender's program, which the agents use too. */
  blender: string;
  /** Of the mesh. */
  context: string;
}

/** Renders frames of a file on the mesh and with Blender alone into a folder, and compares their pixels. */
export const compare = async (
  file: PublicFile,
  path: string,
  out: string,
  { blender, context }: Surroundings,
): Promise<Outcome> => {
  await mkdir(out, { recursive: true });
  const settings = ['--engine', 'CYCLES', '--samples', SAMPLES, '--scale', PERCENT];
  const include = file.includesFolder ? ['--include', path.slice(0, -file.path.length - 1)] : [];
  const wanted = ['--frames', file.frames.join(','), '--format', 'PNG', '--wait-at-most', '90s'];
  const rendered = await muster(
    ['render', path, ...settings, ...wanted, ...include, '--out', join(out, 'ours'), '--json'],
    { env: { MUSTER_CONTEXT: context } },
  );
  if (rendered.code !== 0) {
    return { refusal: refusalIn(rendered.stderr), pairs: [] };
  }
  const ours = new Map(
    jsonLines(rendered.stdout)
      .filter(({ event }) => event === 'frame')
      .map(({ frame, file: at }) => [frame, at]),
  );
  const start = join(out, 'direct_');
  await renderAlone(blender, path, [SAMPLES, PERCENT, start, ...file.frames.map(String)]);
  const pairs: Pair[] = [];
  for (const frame of file.frames) {
    const pair = { frame, ours: String(ours.get(frame)), direct: `${start}${pad(frame)}.png` };
    const [one, other] = await Promise.all([pixelHashOf(pair.ours), pixelHashOf(pair.direct)]);
    pairs.push({ ...pair, isEqual: one === other });
  }
  return { pairs };
};

const pad = (frame: number): string => String(frame).padStart(4, '0');

/** With `--json` the error is a line of JSON too; before it there may be notes. */
const refusalIn = (stderr: string): Refusal => {
  const said = stderr.trim();
  const last = said.split('\n').findLast((line) => line.startsWith('{"error":'));
  const { error } = JSON.parse(last ?? '{"error":{}}') as { error: Partial<Refusal> };
  return {
    reason: error.reason ?? 'UNKNOWN',
    message: error.message ?? (said || 'render did not end in time'),
  };
};

const renderAlone = async (
  blender: string,
  path: string,
  args: readonly string[],
): Promise<void> => {
  const plain = ['--background', '--factory-startup', '--disable-autoexec', '-noaudio', path];
  await run(blender, [...plain, '--python-exit-code', '1', '--python', DIRECT, '--', ...args], {
    timeout: DIRECT_TIMEOUT_MS,
    maxBuffer: 2 ** 28,
  });
};
