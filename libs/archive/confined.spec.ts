import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, before, beforeEach, describe, it } from 'mocha';
import { processTree, treeUsage } from '#libs/programs/index.ts';
import {
  commandLines,
  eventually,
  failureOf,
  needs,
  tempDir,
  type TempDir,
} from '#libs/testing/index.ts';
import { packArchive } from './fixtures/pack.ts';
import { MAX_RATIO, unpackConfined } from './index.ts';

describe('an archive that is unpacked in a process of its own', function () {
  before(needs('bwrap'));
  let dir: TempDir;
  const bounds = { bytes: 1024 ** 4, entries: 20_000, ratio: MAX_RATIO };
  const never = new AbortController().signal;
  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());
  const at = (name: string): string => join(dir.path, name);

  for (const kind of ['gz', 'zip']) {
    it(`is unpacked from ${kind}`, async () => {
      await unpackConfined(await packArchive(dir.path, kind), at('into'), bounds, never);
      expect(await readFile(at('into/cavity/system/controlDict'), 'utf8')).to.equal('x');
    });
  }

  for (const [kind, why] of Object.entries({
    'gz-bomb': `more than ${MAX_RATIO} times its own size`,
    'gz-entries': 'more than 20000 files',
    'zip-overlap': 'share their bytes',
    out: 'leads out of its folder with ../out',
  })) {
    it(`takes no memory of this one, and leaves nothing, when it is refused: ${kind}`, async () => {
      const file = await packArchive(dir.path, kind);
      const { rss } = process.memoryUsage();
      let most = rss;
      const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 10);
      const refused = await failureOf(unpackConfined(file, at('into'), bounds, never));
      clearInterval(timer);
      expect(refused).to.include({ reason: 'ARCHIVE_UNFIT' });
      expect(refused?.message).to.include(why);
      expect(most - rss).to.be.below(100 * 1024 ** 2);
      expect(await readdir(dir.path)).to.deep.equal([kind]);
    });
  }

  /** Lets all of its files be written, so that it takes seconds. */
  const patient = { ...bounds, entries: 1_000_000 };
  const isUnpacking = () =>
    eventually(async () => expect(await readdir(at('into'))).to.deep.equal(['cavity']), {
      withinMs: 20_000,
    });

  it('is refused, and leaves nothing, if its process dies as it does beyond its memory', async () => {
    const file = await packArchive(dir.path, 'gz-entries');
    const refused = failureOf(unpackConfined(file, at('into'), patient, never));
    await isUnpacking();
    const lines = await commandLines(await processTree(process.pid));
    const [pid] = [...lines].find(([, line]) => line.startsWith('/muster/node')) ?? [0];
    process.kill(pid, 'SIGABRT');
    expect(await refused).to.include({ reason: 'ARCHIVE_TOO_LARGE' });
    expect((await refused)?.message).to.include('more than 384 MiB of memory to unpack');
    expect(await readdir(dir.path)).to.deep.equal(['gz-entries']);
  });

  it('ends with the signal, and leaves neither a process nor a folder', async () => {
    const file = await packArchive(dir.path, 'gz-entries');
    const ending = new AbortController();
    // Stores of other specs may run below this process.
    const { processes: others } = await treeUsage(process.pid);
    const refused = unpackConfined(file, at('into'), patient, ending.signal).catch(String);
    await isUnpacking();
    ending.abort(new Error('the caller has left'));
    expect(await refused).to.include('the caller has left');
    expect(await readdir(dir.path)).to.deep.equal(['gz-entries']);
    expect((await treeUsage(process.pid)).processes).to.equal(others);
  });
});
