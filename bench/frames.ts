/**
 * Measures 48 short frames (320×180, 8 samples) through a whole mesh with two users, against a Blender process for each frame, two at
 * a time. Both use the same machine in turns. The mesh's time runs from the upload of a scene that it never saw to the last
 * downloaded picture; its pictures must equal Blender's to the pixel.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { tempDir, renderSpec } from '#libs/testing/index.ts';
import { pixelHashOf } from '../test/harness/blender.ts';
import type { Clients } from '../test/harness/clients.ts';
import { startMesh } from '../test/harness/mesh.ts';
import { download, uploadObject } from '../test/harness/uploads.ts';
import { usersUntil } from '../test/harness/users.ts';
import { ended, resultsOf, start } from '../test/harness/work.ts';
import { line, machine, spreadOf, version } from './report.ts';

const ROUNDS = Number(process.argv[2] ?? 3);
const FRAMES = 48;
const AT_ONCE = 2;
const PLAIN = ['--background', '--factory-startup', '-noaudio'];

const run = promisify(execFile);

/** The pictures' pixel hashes by frame, and the time that it took to get them. */
interface Rendered {
  seconds: number;
  hashes: Map<number, string>;
}

const secondsSince = (began: number): number => (performance.now() - began) / 1_000;

/** Starts Blender once for each frame. */
const theirs = async (scene: string): Promise<Rendered> => {
  const began = performance.now();
  const atOnce = pLimit(AT_ONCE);
  const frames = Array.from({ length: FRAMES }, (_, i) => i + 1);
  await atOnce.map(frames, (frame) =>
    run('blender', [...PLAIN, scene, '-o', `${scene}-####`, '-F', 'PNG', '-f', String(frame)]),
  );
  const seconds = secondsSince(began);
  const hashes = new Map<number, string>();
  for (const frame of frames) {
    hashes.set(frame, await pixelHashOf(`${scene}-${String(frame).padStart(4, '0')}.png`));
  }
  return { seconds, hashes };
};

/** Hands the scene to the mesh and gets all pictures. */
const ours = async (customer: Clients, scene: string): Promise<Rendered> => {
  const bytes = await readFile(scene);
  const began = performance.now();
  const objectId = await uploadObject(customer, 'bench.blend', bytes);
  const id = await start(customer, { render: renderSpec({}) }, { objectId });
  const { state } = await ended(customer, id);
  if (state !== 'WORKLOAD_STATE_COMPLETED') {
    throw new Error(`the workload ended as ${state}`);
  }
  const pictures = new Map<number, Buffer>();
  for (const { frame, ...result } of await resultsOf(customer, id)) {
    pictures.set(frame, await download(customer, result));
  }
  const seconds = secondsSince(began);
  const hashes = new Map<number, string>();
  for (const [frame, picture] of pictures) {
    hashes.set(frame, await pixelHashOf(picture));
  }
  return { seconds, hashes };
};

await using dir = await tempDir();
const script = fileURLToPath(new URL('frames-scene.py', import.meta.url));
await run('blender', [...PLAIN, '--python', script, '--', dir.path, String(ROUNDS)]);

await using mesh = await startMesh();
await Promise.all(['alpha', 'beta'].map((name) => mesh.agent(name, { engines: 'CYCLES' })));
await usersUntil(mesh.operator, (users) => users.length === AT_ONCE);
const customer = await mesh.customer('bench');

const rounds: { mesh: number; processes: number }[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  const scene = join(dir.path, `${round}.blend`);
  const direct = await theirs(scene);
  const own = await ours(customer, scene);
  for (let frame = 1; frame <= FRAMES; frame += 1) {
    if (own.hashes.get(frame) !== direct.hashes.get(frame)) {
      throw new Error(`frame ${frame} of round ${round} differs from Blender's own`);
    }
  }
  rounds.push({ mesh: own.seconds, processes: direct.seconds });
}

console.log(
  `frames: ${FRAMES} of 320×180 with 8 samples, two users; every picture equal to the pixel`,
);
console.log(`machine: ${machine()}`);
console.log(`versions: node ${process.version}, ${version('blender', '--version')}`);
console.log(line('mesh, upload to last download', spreadOf(rounds.map((each) => each.mesh)), 's'));
console.log(
  line('a Blender process for each frame', spreadOf(rounds.map((each) => each.processes)), 's'),
);
const ratios = rounds.map((each) => each.mesh / each.processes);
console.log(line('ratio, aim at most 0.5', spreadOf(ratios), ''));
