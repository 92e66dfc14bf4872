/**
 * `make public`: renders public .blend files out of packages of Debian on a mesh and with Blender alone, compares all pixels, and
 * writes the pictures side by side. Downloads about 350 MB once, into public-out/.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { startUp } from '../../cli/src/fixtures/muster-up.ts';
import { tempDir } from '#libs/testing/index.ts';
import { compare } from './compare.ts';
import { PUBLIC_FILES, type PublicFile } from './files.ts';
import { fetchPackages, pathIn } from './packages.ts';
import { writeSheet, type Place } from './sheet.ts';
import { verdictOf, type Verdict } from './verdict.ts';

/** Another release of Debian may lack a package or a file, but with fewer than these the run shows too little. */
const MIN_COMPARED = 20;

const out = resolve('public-out');
const blender = process.env['BLENDER'] ?? '/usr/bin/blender';
const tell = (text: string): void => console.log(text);

const nameOf = (file: PublicFile): string => `${file.package}/${file.path}`;

const compareAll = async (files: readonly PublicFile[]): Promise<Verdict[]> => {
  await using dir = await tempDir();
  await using closing = new AsyncDisposableStack();
  const data = join(dir.path, 'mesh');
  const agents = ['--agents', '2', '--engines', 'CYCLES', '--blender', blender];
  const up = await startUp(data, agents, join(out, 'up.log'));
  closing.defer(async () => void (await up.stop()));
  const mesh = { blender, context: join(data, 'context.json') };
  const verdicts: Verdict[] = [];
  const places: Place[] = [];
  for (const [i, file] of files.entries()) {
    const pictures = join(out, 'frames', `${i + 1}`);
    const outcome = await compare(file, pathIn(out, file), pictures, mesh);
    const verdict = verdictOf(file, outcome);
    tell(`${verdict.word.padEnd(8)} ${nameOf(file)} (${file.about})${verdict.detail}`);
    verdicts.push(verdict);
    for (const { frame, ours, direct, isEqual } of outcome.pairs) {
      const caption = `${file.path}, frame ${frame}: ${isEqual ? 'equal' : 'DIFFERS'}`;
      places.push({ caption, ours, direct });
    }
  }
  await writeSheet(places, join(out, 'sheet.jpg'));
  return verdicts;
};

const main = async (): Promise<number> => {
  await mkdir(out, { recursive: true });
  await rm(join(out, 'frames'), { recursive: true, force: true });
  await fetchPackages(out, PUBLIC_FILES, tell);
  const files = PUBLIC_FILES.filter((file) => existsSync(pathIn(out, file)));
  for (const file of PUBLIC_FILES) {
    if (!files.includes(file)) {
      tell(`absent   ${nameOf(file)}: the package could not be had or does not have it`);
    }
  }
  const verdicts = await compareAll(files);
  const count = (word: Verdict['word']): number =>
    verdicts.filter((verdict) => verdict.word === word).length;
  const unexpected = verdicts.filter(({ isExpected }) => !isExpected).length;
  tell(
    `${count('equal')} equal, ${count('differs')} differ, ${count('refused')} refused, ` +
      `${PUBLIC_FILES.length - files.length} absent; ${unexpected} not as expected`,
  );
  tell(`ours on the left, Blender's on the right: ${join(out, 'sheet.jpg')}`);
  if (count('equal') < MIN_COMPARED) {
    tell(`fewer than ${MIN_COMPARED} files were equal, so this shows too little`);
  }
  return unexpected === 0 && count('equal') >= MIN_COMPARED ? 0 : 1;
};

// Without this, Node sometimes waits for ever for its own handles.
process.exit(await main());
