import { expect } from 'chai';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { status } from '#libs/errors/index.ts';
import { tempDir } from '#libs/testing/index.ts';
import { outDirectory } from './out-directory.ts';

describe('outDirectory', () => {
  it('takes a directory that is there or can be made, and makes none', async () => {
    await using dir = await tempDir();
    expect(await outDirectory(dir.path, 'a/b')).to.equal(join(dir.path, 'a/b'));
    expect(await outDirectory('/', dir.path)).to.equal(dir.path);
    expect(await readdir(dir.path)).to.deep.equal([]);
  });

  it('refuses a file, and a directory inside a file, before any work is done', async () => {
    await using dir = await tempDir();
    await writeFile(join(dir.path, 'file'), '');
    for (const path of ['file', 'file/frames']) {
      const refusal: unknown = await outDirectory(dir.path, path).catch(
        (thrown: unknown) => thrown,
      );
      expect(refusal).to.include({
        code: status.INVALID_ARGUMENT,
        reason: 'OUTPUT_UNWRITABLE',
        message: `${dir.path}/file: is not a directory`,
      });
    }
  });
});
