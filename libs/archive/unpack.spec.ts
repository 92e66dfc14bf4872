import { lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { isDomainError } from '#libs/errors/index.ts';
import { tempDir, type TempDir } from '#libs/testing/index.ts';
import { packArchives } from './fixtures/pack.ts';
import { MAX_RATIO, unpack } from './index.ts';

/** Kinds of archives that are refused, and why. */
const UNFIT = {
  out: 'leads out',
  absolute: 'leads out',
  link: 'neither a file nor a folder',
  'through-link': 'neither a file nor a folder',
  hard: 'neither a file nor a folder',
  device: 'neither a file nor a folder',
  fifo: 'neither a file nor a folder',
  sparse: 'neither a file nor a folder',
  'sparse-pax': 'a file with holes',
  big: 'more than 1000000 bytes',
  many: 'more than 100 files',
  folders: 'more than 100 files',
  deep: 'folders in more than 64 folders',
  twice: 'cavity/system/controlDict twice',
  'file-and-folder': 'needs a folder cavity/system/controlDict where something else is',
  'long-head': 'a head of more than 65536 bytes',
  'long-name': 'a head of more than 65536 bytes',
  overstated: 'cannot be unpacked',
  'gz-gz': 'packed twice',
  'zip-out': 'cannot be unpacked',
  'zip-windows-out': 'cannot be unpacked',
  'zip-link': 'neither a file nor a folder',
  'zip-fifo': 'neither a file nor a folder',
  'zip-big': 'more than 1000000 bytes',
  'zip-many': 'more than 100 files',
  'zip-secret': 'is encrypted',
  'zip-twice': 'cavity/system/controlDict twice',
  'zip-understated': 'more files than it says',
  'zip-overstated': 'cannot be unpacked',
  'zip-small-lie': 'cannot be unpacked',
  'zip64-overstated': 'more than 100 files',
  'zip-overlap-partly': 'share their bytes',
};

/** Small ones that unpack to very much. */
const BOMBS = {
  'gz-bomb': `more than ${MAX_RATIO} times its own size`,
  'gz-head-bomb': 'a head of more than 65536 bytes',
  'gz-after-the-end': `more than ${MAX_RATIO} times its own size`,
  'zip-bomb': `more than ${MAX_RATIO} times its own size`,
  'zip-overlap': 'share their bytes',
};

const FIT = ['tar', 'gz', 'zip', 'zip-windows', 'zip-line-end', 'zip-setuid', 'modes', 'gz-magic'];

describe('an archive', () => {
  let packed: TempDir;
  let dir: TempDir;
  let into: string;
  const bounds = { bytes: 1_000_000, entries: 100, ratio: MAX_RATIO };
  const roomy = { bytes: 1024 ** 4, entries: 1_000_000, ratio: MAX_RATIO };
  before(async () => {
    packed = await tempDir();
    await packArchives(packed.path, [...FIT, ...Object.keys(UNFIT), ...Object.keys(BOMBS)]);
  });
  after(() => packed[Symbol.asyncDispose]());
  beforeEach(async () => {
    dir = await tempDir();
    into = join(dir.path, 'into');
    await mkdir(into);
  });
  afterEach(() => dir[Symbol.asyncDispose]());
  const archive = (kind: string): string => join(packed.path, kind);
  const refusalOf = (...[file, within = bounds]: [string, typeof bounds?]) =>
    unpack(file, into, within).then(
      () => 'done',
      (thrown: unknown) =>
        isDomainError(thrown) ? `${thrown.reason}: ${thrown.message}` : String(thrown),
    );

  for (const kind of ['tar', 'gz', 'zip']) {
    it(`is unpacked from ${kind}`, async () => {
      await unpack(archive(kind), into, bounds);
      expect(await readFile(join(into, 'cavity/system/controlDict'), 'utf8')).to.equal('x');
    });
  }

  it('is unpacked from zip with the separators of Windows', async () => {
    await unpack(archive('zip-windows'), into, bounds);
    expect(await readFile(join(into, 'cavity/system/fvSchemes'), 'utf8')).to.equal('x');
  });

  it('is unpacked from zip with the very names that it has, also with a line end in one', async () => {
    await unpack(archive('zip-line-end'), into, bounds);
    expect(await readFile(join(into, 'cavity/f\nl'), 'utf8')).to.equal('x');
  });

  it('gives no file a mode of its own, so none is setuid and none is closed', async () => {
    await unpack(archive('modes'), into, bounds);
    await unpack(archive('zip-setuid'), into, bounds, { replaces: true });
    const modeOf = async (name: string) => (await lstat(join(into, name))).mode & 0o7777;
    for (const name of ['cavity/closed', 'cavity/open', 'cavity/other']) {
      expect(await modeOf(name), name).to.equal(0o644);
    }
    expect(await modeOf('cavity/folder')).to.equal(0o755);
  });

  for (const [kind, why] of Object.entries(UNFIT)) {
    it(`is refused: ${kind}`, async () => {
      expect(await refusalOf(archive(kind)))
        .to.match(/^ARCHIVE_UNFIT/)
        .and.to.include(why);
      expect(await readdir(dir.path)).to.deep.equal(['into']);
    });
  }

  for (const [kind, why] of Object.entries(BOMBS)) {
    it(`is refused at the first excess, whatever else is allowed: ${kind}`, async () => {
      expect(await refusalOf(archive(kind), roomy))
        .to.match(/^ARCHIVE_UNFIT/)
        .and.to.include(why);
    });
  }

  it('is refused when it is none, or was cut off', async () => {
    const junk = join(dir.path, 'junk');
    await writeFile(junk, 'no archive at all');
    expect(await refusalOf(junk)).to.match(/^ARCHIVE_UNFIT/);
    const whole = await readFile(archive('gz'));
    await writeFile(junk, whole.subarray(0, whole.length / 2));
    expect(await refusalOf(junk)).to.match(/^ARCHIVE_UNFIT/);
  });

  it('is never written through a link that lies in the folder', async () => {
    const elsewhere = join(dir.path, 'elsewhere');
    await mkdir(join(elsewhere, 'system'), { recursive: true });
    await symlink(elsewhere, join(into, 'cavity'));
    const file = archive('tar');
    for (const replaces of [false, true]) {
      const refused = await unpack(file, into, bounds, { replaces }).catch(String);
      expect(refused).to.contain('needs a folder cavity where something else is');
    }
    expect(await readdir(join(elsewhere, 'system'))).to.deep.equal([]);
  });

  it('replaces a link, and not the file to which it leads, where that is asked for', async () => {
    const kept = join(dir.path, 'kept');
    await writeFile(kept, 'kept');
    await mkdir(join(into, 'cavity/system'), { recursive: true });
    await symlink(kept, join(into, 'cavity/system/controlDict'));
    const file = archive('tar');
    expect(await refusalOf(file)).to.include('twice');
    await unpack(file, into, bounds, { replaces: true });
    expect(await readFile(join(into, 'cavity/system/controlDict'), 'utf8')).to.equal('x');
    expect(await readFile(kept, 'utf8')).to.equal('kept');
  });

  for (const kind of ['gz', 'zip', 'gz-magic']) {
    it(`is refused where only a plain tar is taken: ${kind}`, async () => {
      const refused = await unpack(archive(kind), into, bounds, { isPlainTar: true }).catch(String);
      expect(refused).to.contain('is packed, and no plain .tar');
    });
  }
});
