import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { tempDir } from '#libs/testing/index.ts';
import { findInstallations } from './installation.ts';

describe('findInstallations', () => {
  it('reads the environment of an installation once, and nothing of its own', async () => {
    await using dir = await tempDir();
    const place = join(dir.path, 'openfoam');
    await mkdir(join(place, 'etc'), { recursive: true });
    await writeFile(join(place, 'etc', 'controlDict'), '');
    // As that of www.openfoam.com does: it reads every file that is among the arguments of whoever reads it.
    const script = 'echo hello\nexport WM_OPTIONS=x FOAM_APPBIN=/a/b OTHER=c PATH="/a/b:$PATH"\n';
    await writeFile(
      join(place, 'etc', 'bashrc'),
      `${script}for each in "$@"; do [ -f "$each" ] && . "$each"; done\n`,
    );
    const { found, absent } = await findInstallations([place, join(dir.path, 'none')], '');
    expect(absent).to.deep.equal([join(dir.path, 'none')]);
    expect(found).to.deep.equal([
      {
        projectDir: place,
        folder: place,
        env: {
          WM_OPTIONS: 'x',
          FOAM_APPBIN: '/a/b',
          PATH: '/a/b:/usr/local/bin:/usr/bin:/bin',
        },
      },
    ]);
  }).timeout(10_000);

  it('needs no environment for what the system has', async function () {
    const { found } = await findInstallations(['/usr/share/openfoam'], '');
    if (found.length === 0) {
      this.skip();
    }
    expect(found[0]).to.deep.include({ folder: undefined, env: {} });
  }).timeout(10_000);
});
