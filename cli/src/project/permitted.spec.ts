import { expect } from 'chai';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { failureOf, tempDir, type TempDir } from '#libs/testing/index.ts';
import { checkInside, checkMissing, isAllowed } from './permitted.ts';

describe('checkInside', () => {
  let dir: TempDir;
  const at = (...names: string[]): string => join(dir.path, ...names);
  const inside = async (sources: string[], include: string[] = []) => {
    const files = ['film/a.blend', ...sources].map((name) => {
      const source = at(name);
      return { place: source, source, isFixed: false };
    });
    return await failureOf(
      checkInside(
        { files },
        at('film'),
        include.map((name) => at(name)),
      ),
    );
  };

  beforeEach(async () => {
    dir = await tempDir();
    await mkdir(at('film'));
    await mkdir(at('private'));
    await writeFile(at('film/a.png'), 'x');
    await writeFile(at('private/key'), 'x');
    await symlink(at('private/key'), at('film/key.png'));
    await symlink(at('film'), at('film/loop'));
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  it('takes what is in the folder, however it is reached', async () => {
    expect(await inside(['film/a.png', 'film/loop/a.png'])).to.equal(undefined);
  });

  it('refuses a file of a cache that could not be found under its name elsewhere', async () => {
    await writeFile(Buffer.from(at('film/b\xe9.vdb'), 'latin1'), 'x');
    const failure = await inside(['film/a.png', 'film/b\uFFFD.vdb']);
    expect(failure).to.include({ reason: 'NAME_NOT_UTF8' });
    expect(failure?.message).to.include(`${at('film')}/b\\xe9.vdb: `);
  });

  it('takes nothing from elsewhere, not by a link either, and says what to do', async () => {
    for (const source of ['private/key', 'film/key.png']) {
      const failure = await inside([source]);
      expect(failure, source).to.include({ reason: 'OUTSIDE_PROJECT' });
      expect(failure?.message).to.match(/--include \S+\/private,/);
      expect(await inside([source], ['private']), source).to.equal(undefined);
    }
  });

  it('says which included folder is not there', async () => {
    expect(await inside([], ['nowhere'])).to.include({ reason: 'INPUT_UNREADABLE' });
  });
});

describe('which files may be missing', () => {
  it('goes by patterns of the whole path or of the name', () => {
    for (const [pattern, matches] of [
      ['*.ies', true],
      ['lamp.ies', true],
      ['//../lights/*', true],
      ['l?mp.ies', true],
      ['lights', false],
      ['*.IES', false],
      ['[l]amp.ies', false],
    ] as const) {
      expect(isAllowed('//../lights/lamp.ies', [pattern]), pattern).to.equal(matches);
    }
    expect(isAllowed('C:\\lights\\lamp.ies', ['lamp.*'])).to.equal(true);
    expect([true, false].map((all) => isAllowed('x', all))).to.deep.equal([true, false]);
  });

  it('names the others, and the next step', async () => {
    const missing = ['a.png', 'b.ies'].map((path) => ({ kind: 'image', path, blend: 'x' }));
    const failure = await failureOf((async () => checkMissing(missing, ['*.ies']))());
    expect(failure).to.include({ reason: 'MISSING_ASSETS' });
    expect(failure?.message).to.include('1 file').and.to.include('image a.png');
    expect(failure?.message).to.include('Pack Resources').and.to.include('--allow-missing');
    expect(await failureOf((async () => checkMissing(missing, true))())).to.equal(undefined);
  });

  it('says why a file that is there does not count', async () => {
    const flaw = 'is a pointer of Git LFS: git lfs pull';
    const missing = [{ kind: 'image', path: '//tex/a.png', blend: 'x', flaw }];
    const failure = await failureOf((async () => checkMissing(missing, false))());
    expect(failure?.message).to.include(`is unreadable: image //tex/a.png (${flaw}); `);
    expect(await failureOf((async () => checkMissing(missing, ['a.png']))())).to.equal(undefined);
  });
});
