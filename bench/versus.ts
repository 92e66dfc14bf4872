/**
 * Measures this checkout against another one, in turns, on the same machine: `node bench/versus.ts OTHER [WORK] [ROUNDS]`. WORK is
 * `frames` (as bench/frames.ts has them), `frames-of-two` (the same, by machines of two owners) or `noop` (as bench/dispatch.ts).
 * Processor time is steadier than time on a machine that does other things too.
 */
import { execFile, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { tempDir } from '#libs/testing/index.ts';
import { line, machine, spreadOf } from './report.ts';
import type { Figures } from './versus-side.ts';

const [other, work = 'frames', rounds = '7'] = process.argv.slice(2);
if (other === undefined) {
  throw new Error('node bench/versus.ts OTHER [frames | frames-of-two | noop] [ROUNDS]');
}
const ROUNDS = Number(rounds);
const WARM_UP = 1;

const side = fileURLToPath(new URL('versus-side.ts', import.meta.url));
const own = fileURLToPath(new URL('..', import.meta.url));

/** The next message of a side. Rejects if it ends instead. */
const heard = async (child: ChildProcess): Promise<unknown> => {
  const over = new AbortController();
  const { signal } = over;
  try {
    const [message] = (await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(() => {
        throw new Error('a side has ended');
      }),
    ])) as unknown[];
    return message;
  } finally {
    over.abort();
  }
};

const startSide = async (tree: string): Promise<ChildProcess> => {
  const child = fork(side, [work], { cwd: tree });
  await heard(child);
  return child;
};

await using dir = await tempDir();
if (work !== 'noop') {
  const script = fileURLToPath(new URL('frames-scene.py', import.meta.url));
  const plain = ['--background', '--factory-startup', '-noaudio', '--python', script, '--'];
  await promisify(execFile)('blender', [...plain, dir.path, String(ROUNDS + WARM_UP)]);
}
const sides = { other: await startSide(resolve(other)), own: await startSide(own) };

const measured: { other: Figures; own: Figures }[] = [];
for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
  const found: Partial<Record<keyof typeof sides, Figures>> = {};
  const order = ['other', 'own'] as const;
  for (const name of round % 2 === 0 ? order : order.toReversed()) {
    sides[name].send(join(dir.path, `${round}.blend`));
    found[name] = (await heard(sides[name])) as Figures;
  }
  const { other: theirs, own: ours } = found as { other: Figures; own: Figures };
  console.error(
    `round ${round}: other ${theirs.seconds.toFixed(1)} s, ${theirs.cpu.toFixed(1)} s of processors; own ${ours.seconds.toFixed(1)} s, ${ours.cpu.toFixed(1)} s`,
  );
  if (round >= WARM_UP) {
    measured.push({ other: theirs, own: ours });
  }
}
await Promise.all(
  Object.values(sides).map(async (child) => {
    child.disconnect();
    await once(child, 'exit');
  }),
);

console.log(`versus: ${work}, this checkout against ${other}`);
console.log(`machine: ${machine()}`);
for (const [what, of] of [
  ['time', ({ seconds }: Figures) => seconds],
  ['processor time', ({ cpu }: Figures) => cpu],
] as const) {
  console.log(line(`${what}, other`, spreadOf(measured.map((each) => of(each.other))), 's'));
  console.log(line(`${what}, own`, spreadOf(measured.map((each) => of(each.own))), 's'));
  const ratios = measured.map((each) => of(each.other) / of(each.own));
  console.log(line(`${what}, other / own, aim at least 0.95`, spreadOf(ratios), ''));
}
const names = new Set(
  measured.flatMap((each) => Object.values(each).flatMap(({ parts }) => Object.keys(parts))),
);
for (const name of names) {
  const median = (which: keyof typeof sides): string =>
    spreadOf(measured.map((each) => each[which].parts[name] ?? 0)).median.toFixed(2);
  console.log(
    `processor seconds of ${name.padEnd(24)} other ${median('other')}, own ${median('own')}`,
  );
}
