import {
  chmod,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import * as tar from 'tar';
import { packArchive } from '#libs/archive/fixtures/pack.ts';
import { tempDir, type TempDir } from '#libs/testing/index.ts';
import { pack, unpack } from './archive.ts';

describe('an archive of what was baked', () => {
  let dir: TempDir;
  let count = 0;
  const at = (...names: string[]): string => join(dir.path, ...names);
  const folder = async (): Promise<string> => {
    const made = at(`f${(count += 1)}`);
    await mkdir(made);
    return made;
  };

  before(async () => {
    dir = await tempDir();
    await mkdir(at('scene', 'blendcache_a'), { recursive: true });
    await writeFile(at('scene', 'a.blend'), 'BLENDER');
    await writeFile(at('scene', 'blendcache_a', 'm_000001_00.bphys'), 'x');
    await symlink('/etc/passwd', at('scene', 'passwd'));
  });
  after(() => dir[Symbol.asyncDispose]());

  it('holds the files and no links, and is the same whenever it is made', async () => {
    await pack(at('scene'), at('one.tar'));
    await utimes(at('scene', 'a.blend'), 1, 1);
    await pack(at('scene'), at('two.tar'));
    expect(await readFile(at('one.tar'))).to.deep.equal(await readFile(at('two.tar')));
    const into = await folder();
    await unpack(at('one.tar'), into);
    expect((await readdir(into, { recursive: true })).sort()).to.deep.equal([
      'a.blend',
      'blendcache_a',
      'blendcache_a/m_000001_00.bphys',
    ]);
  });

  it('makes nothing outside of its folder, and no links', async () => {
    const options = { file: at('evil.tar'), cwd: at('scene'), preservePaths: true };
    await tar.create(options, ['passwd', '../two.tar', 'a.blend']);
    const into = await folder();
    await unpack(at('evil.tar'), join(into)).catch(() => undefined);
    expect(await readdir(into)).to.not.include('passwd');
    expect(await readdir(into)).to.not.include('two.tar');
    expect(await readdir(dir.path)).to.not.include('two.tar.part');
  });

  it('gives no file the rights of another user, and writes through no link', async () => {
    await mkdir(at('bad'));
    await writeFile(at('bad', 'setuid'), 'x');
    await chmod(at('bad', 'setuid'), 0o6755);
    await tar.create({ file: at('bad.tar'), cwd: at('bad') }, ['setuid']);
    const into = await folder();
    await unpack(at('bad.tar'), into);
    expect((await stat(join(into, 'setuid'))).mode & 0o7777).to.equal(0o644);
    const linked = await folder();
    await mkdir(at('kept'));
    await symlink(at('kept'), join(linked, 'blendcache_a'));
    await unpack(at('one.tar'), linked).catch(() => undefined);
    expect(await readdir(at('kept'))).to.deep.equal([]);
  });

  it('is refused if it is compressed or no archive at all', async () => {
    await writeFile(at('one.tar.gz'), gzipSync(await readFile(at('one.tar'))));
    await writeFile(at('text'), 'x'.repeat(2_000));
    for (const name of ['one.tar.gz', 'text']) {
      const refused = await unpack(at(name), await folder()).catch(String);
      expect(refused, name).to.contain('no archive');
    }
    const disguised = await packArchive(dir.path, 'gz-magic');
    const refused = await unpack(disguised, await folder()).catch(String);
    expect(refused).to.contain('is packed, and no plain .tar');
  });
});
