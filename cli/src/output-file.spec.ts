import { openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { tempDir } from '#libs/testing/index.ts';
import { lastingStream } from './output-file.ts';

describe('lastingStream', () => {
  it('writes to a file, and leaves what is no file as it is', async () => {
    await using dir = await tempDir();
    const path = join(dir.path, 'log');
    const fd = openSync(path, 'a');
    lastingStream({ fd, write: () => undefined }).write('a line\n');
    closeSync(fd);
    expect(readFileSync(path, 'utf8')).to.equal('a line\n');
    // Every write to this device fails as on a full disk.
    const full = openSync('/dev/full', 'w');
    const device = { fd: full, write: () => 'as before' };
    expect(lastingStream(device)).to.equal(device);
    closeSync(full);
  });
});
