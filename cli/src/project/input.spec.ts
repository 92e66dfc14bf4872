import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { failureOf, tempDir, type TempDir } from '#libs/testing/index.ts';
import { openInput } from './input.ts';

describe('openInput', () => {
  let dir: TempDir;
  const at = (...names: string[]): string => join(dir.path, ...names);
  const put = async (...names: string[]): Promise<void> => {
    await mkdir(join(at(...names), '..'), { recursive: true });
    await writeFile(at(...names), 'BLENDER-v304');
  };
  const opened = async (path: string, blend = ''): Promise<string> => {
    await using input = await openInput(path, blend);
    return input.main;
  };
  const refusal = async (path: string, blend = ''): Promise<string> => {
    const failure = await failureOf(opened(path, blend));
    return `${failure?.reason}: ${failure?.message}`;
  };
  const pack = (script: string): Promise<unknown> =>
    promisify(execFile)('python3', ['-c', `import zipfile, sys\n${script}`, at('made.zip')]);
  const unpacked = async (): Promise<string[]> =>
    (await readdir(tmpdir())).filter((name) => name.startsWith('muster-project-'));

  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  it('takes a .blend as it is, and the only one of a folder', async () => {
    await put('film', 'shots', 'a.blend');
    await put('film', 'shots', 'a.blend1');
    expect(await opened(at('film/shots/a.blend'))).to.equal(at('film/shots/a.blend'));
    expect(await opened(at('film'))).to.equal(at('film/shots/a.blend'));
  });

  it('lists several, and takes the one that is named by path, name or stem', async () => {
    await put('film', 'a.blend');
    await put('film', 'lib', 'b.blend');
    await put('film', 'old', 'b.blend');
    expect(await refusal(at('film'))).to.match(
      /^SEVERAL_BLEND_FILES: .*a\.blend, lib\/b\.blend, old/,
    );
    expect(await refusal(at('film'), 'b')).to.match(/^SEVERAL_BLEND_FILES: .*: lib\/b/);
    expect(await refusal(at('film'), 'c')).to.match(/^NO_BLEND_FILE: .*choose with --blend one of/);
    for (const name of ['a', 'a.blend']) {
      expect(await opened(at('film'), name)).to.equal(at('film/a.blend'));
    }
    expect(await opened(at('film'), 'old/b.blend')).to.equal(at('film/old/b.blend'));
  });

  it('says so if there is none', async () => {
    await mkdir(at('empty'));
    expect(await refusal(at('empty'))).to.match(/^NO_BLEND_FILE/);
    expect(await refusal(at('nothing'))).to.match(/^INPUT_UNREADABLE/);
  });

  it('unpacks a zip file to a folder of its own, and removes that afterwards', async () => {
    const before = await unpacked();
    await pack(
      "z = zipfile.ZipFile(sys.argv[1], 'w'); z.writestr('film/a.blend', 'BLENDER'); z.close()",
    );
    const main = await opened(at('made.zip'));
    expect(main).to.match(/muster-project-[^/]+\/film\/a\.blend$/);
    expect(await unpacked()).to.deep.equal(before);
  });

  it('says of a .zip that it is none, or that it is empty, and what to do', async () => {
    const next = '; pack the folder of the project anew, or name the folder itself';
    await pack("open(sys.argv[1], 'w').write('<html>not found</html>')");
    expect(await refusal(at('made.zip'))).to.equal(
      `INPUT_UNREADABLE: ${at('made.zip')} is not a zip file${next}`,
    );
    await pack("zipfile.ZipFile(sys.argv[1], 'w').close()");
    expect(await refusal(at('made.zip'))).to.equal(
      `INPUT_UNREADABLE: ${at('made.zip')}: this zip is empty${next}`,
    );
    for (const beginning of ['BLENDER-v304', 'version https://git-lfs.github.com/spec/v1']) {
      await writeFile(at('made.zip'), beginning);
      expect(await opened(at('made.zip')), beginning).to.equal(at('made.zip'));
    }
  });

  it('refuses zip files that lead out, link, or unpack to more than can be honest', async () => {
    const before = await unpacked();
    for (const script of [
      "z = zipfile.ZipFile(sys.argv[1], 'w'); z.writestr('../a.blend', 'x'); z.close()",
      `z = zipfile.ZipFile(sys.argv[1], 'w'); i = zipfile.ZipInfo('a.blend'); i.external_attr = 0o120777 << 16
z.writestr(i, '/etc/passwd'); z.close()`,
      "open(sys.argv[1], 'wb').write(b'PK\\x03\\x04 and nothing else')",
    ]) {
      await pack(script);
      expect(await refusal(at('made.zip')), script).to.match(/^ARCHIVE_UNFIT/);
    }
    expect(await unpacked()).to.deep.equal(before);
  });
});
