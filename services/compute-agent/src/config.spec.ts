import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { tempDir, wrongVariables } from '#libs/testing/index.ts';
import { readConfig } from './config.ts';

const good = {
  MUSTER_TOKEN: 'aa.bb.cc',
  MUSTER_USER_ENDPOINT: '127.0.0.1:7402',
  MUSTER_BLOB_ENDPOINT: '127.0.0.1:7404',
  HOME: '/home/user',
};

const wrongNames = (env: Record<string, string>): string[] => wrongVariables(() => readConfig(env));

describe('readConfig', () => {
  it('needs a token and two endpoints, and has a default for everything else', () => {
    const { tokens, slots, engines, cache, noSandbox, graceMs } = readConfig(good);
    expect({ tokens, slots, engines, cache, noSandbox, graceMs }).to.deep.equal({
      tokens: ['aa.bb.cc'],
      slots: 1,
      engines: 'auto',
      cache: { dir: '/home/user/.cache/muster', limitBytes: 10 * 2 ** 30 },
      noSandbox: false,
      graceMs: 10_000,
    });
  });

  it('names everything that is missing or wrong at once', () => {
    expect(wrongNames({})).to.deep.equal([
      'MUSTER_BLOB_ENDPOINT',
      'MUSTER_TOKEN',
      'MUSTER_USER_ENDPOINT',
    ]);
    const wrong = { MUSTER_AGENT_GRACE: '1m', MUSTER_AGENT_SLOTS: '0', MUSTER_TOKEN: 'no token' };
    expect(wrongNames({ ...good, ...wrong })).to.deep.equal(Object.keys(wrong).sort());
    expect(wrongNames({ ...good, MUSTER_AGENT_ENGINES: 'CYCLES,POVRAY' })).to.deep.equal([
      'MUSTER_AGENT_ENGINES',
    ]);
  });

  it('offers noop only if it is named', () => {
    expect(readConfig({ ...good, MUSTER_AGENT_ENGINES: 'noop, CYCLES' }).engines).to.deep.equal([
      'CYCLES',
      'noop',
    ]);
    expect(wrongNames({ ...good, MUSTER_AGENT_ENGINES: 'auto,noop' })).to.deep.equal([
      'MUSTER_AGENT_ENGINES',
    ]);
  });

  it('is several machines if the file holds several tokens, each once', async () => {
    await using dir = await tempDir();
    const file = join(dir.path, 'tokens');
    const { MUSTER_TOKEN: _, ...rest } = good;
    await writeFile(file, 'a.b.c\nd.e.f\r\n\n');
    expect(readConfig({ ...rest, MUSTER_TOKEN_FILE: file }).tokens).to.deep.equal([
      'a.b.c',
      'd.e.f',
    ]);
    await writeFile(file, 'a.b.c\na.b.c\n');
    expect(wrongNames({ ...rest, MUSTER_TOKEN_FILE: file })).to.deep.equal(['MUSTER_TOKEN']);
  });
});
