import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { failureOf, tempDir, type TempDir } from '#libs/testing/index.ts';
import { LAUNCHER } from './fixtures/muster-process.ts';
import { checkName } from './raw-names.ts';

describe('names that are not UTF-8', () => {
  let dir: TempDir;
  const latin1 = (...names: string[]): Buffer =>
    Buffer.concat([Buffer.from(`${dir.path}/`), Buffer.from(names.join('/'), 'latin1')]);
  const refusal = async (path: string): Promise<string> => {
    const failure = await failureOf(checkName(join(dir.path, path)));
    return `${failure?.reason}: ${failure?.message}`;
  };
  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  it('are told in visible escapes, of folders too, with the way out', async () => {
    await mkdir(latin1('Fôret'));
    await writeFile(latin1('Fôret', 'café.blend'), 'BLENDER');
    await writeFile(latin1('café.blend'), 'BLENDER');
    expect(await refusal('caf\uFFFD.blend'))
      .to.match(/^NAME_NOT_UTF8: /)
      .and.include(`${dir.path}/caf\\xe9.blend: this name is not UTF-8`)
      .and.include('convmv -f latin1');
    expect(await refusal('F\uFFFDret/caf\uFFFD.blend')).to.include(`${dir.path}/F\\xf4ret: `);
    expect(await refusal('gone\uFFFD.blend')).to.include(`${dir.path}/gone\uFFFD.blend: `);
    expect(await refusal('Wälder.blend')).to.equal('undefined: undefined');
  });

  it('end a command with 2, however they reach it', async () => {
    const run = (script: string) =>
      promisify(execFile)('sh', ['-c', script, LAUNCHER, dir.path]).catch(
        (error: { code: number; stderr: string }) => error,
      );
    await mkdir(join(dir.path, 'film'));
    await writeFile(latin1('film', 'café.blend'), 'BLENDER');
    await writeFile(join(dir.path, 'fine.blend'), 'BLENDER-v304');
    for (const script of [
      `"$0" render "$1/film/$(printf 'caf\\351.blend')"`,
      '"$0" render "$1/film"',
      `cd "$1/film" && "$0" render ../fine.blend --out "$(printf 'caf\\351.blend')"`,
    ]) {
      const said = await run(script);
      expect(said, script).to.include({ code: 2 });
      expect(said.stderr, script).to.include(`${dir.path}/film/caf\\xe9.blend: this name is`);
      expect(said.stderr.trimEnd().split('\n'), script).to.have.lengthOf(1);
    }
  });
});
