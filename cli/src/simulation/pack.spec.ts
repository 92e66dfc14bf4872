import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { list } from 'tar';
import { failureOf, tempDir } from '#libs/testing/index.ts';
import { packCase } from './pack.ts';

/** A case with these files, and what every case has. */
const made = async (dir: string, files: Record<string, string> = {}): Promise<string> => {
  const folder = join(dir, 'case');
  for (const [path, text] of Object.entries({ 'system/controlDict': 'x', '0/U': 'u', ...files })) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
};

const pathsIn = async (file: string): Promise<string[]> => {
  const paths: string[] = [];
  await list({ file, onReadEntry: ({ path }) => void paths.push(path) });
  return paths.filter((path) => !path.endsWith('/'));
};

describe('a packed case', () => {
  it('has its files, but not what earlier runs left, and is the same each time', async () => {
    await using dir = await tempDir();
    const folder = await made(dir.path, {
      'log.icoFoam': 'old',
      'processor0/0/U': 'old',
      'constant/log.keep': 'mine',
    });
    const [one, other] = ['one.tar.zst', 'other.tar.zst'].map((name) => join(dir.path, name));
    expect(await packCase(folder, one!)).to.deep.equal({ files: 3, bytes: 6 });
    await writeFile(join(folder, '0/U'), 'u');
    await packCase(folder, other!);
    expect(await pathsIn(one!)).to.deep.equal(['0/U', 'constant/log.keep', 'system/controlDict']);
    expect(await readFile(one!)).to.deep.equal(await readFile(other!));
  });

  it('follows links within the folder, and refuses those that lead out', async () => {
    await using dir = await tempDir();
    const folder = await made(dir.path);
    await symlink('U', join(folder, '0/Copy'));
    const archive = join(dir.path, 'case.tar.zst');
    expect(await packCase(folder, archive)).to.include({ files: 3 });
    await symlink('/etc/hostname', join(folder, 'constant'));
    const refused = await failureOf(packCase(folder, archive));
    expect(refused?.reason).to.equal('INPUT_UNREADABLE');
    expect(refused?.message).to.include('leads out of the case, to /etc/hostname');
  });

  it('is refused where the folder is no case', async () => {
    await using dir = await tempDir();
    const refused = await failureOf(packCase(dir.path, join(dir.path, 'x.tar.zst')));
    expect(refused?.message).to.include('is no OpenFOAM case: it has no system/controlDict');
  });
});
