import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { tempDir, type TempDir } from '#libs/testing/index.ts';
import { filesOf } from './program-files.ts';

describe('filesOf', () => {
  let dir: TempDir;
  const at = (name: string): string => join(dir.path, name);
  beforeEach(async () => {
    dir = await tempDir();
    for (const folder of ['base/bin', 'base/lib/python3.11', 'venv/bin', 'home/bin']) {
      await mkdir(at(folder), { recursive: true });
    }
    await writeFile(at('base/bin/python3.11'), '');
    await writeFile(at('venv/pyvenv.cfg'), '');
    await symlink(at('base/bin/python3.11'), at('venv/bin/python'));
    await writeFile(at('home/bin/tool'), '');
    await writeFile(at('home/worker.py'), '');
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  it('has a virtual environment, and the Python that it was made from', () => {
    expect(filesOf([at('venv/bin/python'), '-m', 'worker', '{port}'])).to.deep.equal([
      at('venv'),
      at('base'),
    ]);
  });

  it('has no more of a home than what is named', () => {
    expect(filesOf([at('home/bin/tool'), at('home/worker.py'), '/nowhere', 'home'])).to.deep.equal([
      at('home/bin/tool'),
      at('home/worker.py'),
    ]);
  });

  it('has nothing of the system, which every sandbox has', () => {
    expect(filesOf(['/usr/bin/python3', '/usr/share', '{port}'])).to.deep.equal([]);
  });
});
