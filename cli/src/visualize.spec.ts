import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { needs, tempDir, type TempDir } from '#libs/testing/index.ts';
import { muster as runMuster } from './fixtures/muster-process.ts';
import { jsonLines } from './fixtures/test-cli.ts';

describe('muster visualize', function () {
  this.timeout(60_000);
  let dir: TempDir;
  const at = (name: string): string => join(dir.path, name);
  const muster = async (...argv: string[]) => {
    const env = { MUSTER_CONTEXT: at('mesh/context.json') };
    const said = await runMuster([...argv, '--json'], { cwd: dir.path, env });
    return { ...said, answer: jsonLines(said.stdout)[0] ?? {} };
  };

  before(needs('pvserver', 'bwrap', 'socat'));
  before(async () => {
    dir = await tempDir();
    for (const name of ['cases/one', 'two']) {
      await mkdir(at(`${name}/system`), { recursive: true });
      await writeFile(at(`${name}/system/controlDict`), '');
    }
    await promisify(execFile)('tar', ['czf', at('two.tar.gz'), '-C', dir.path, 'two']);
    await mkdir(at('mesh'));
    const up = await runMuster(['up', '--data', at('mesh'), '--agents', '0', '--case-root', at('cases'), '--detach'], {
      cwd: dir.path,
      env: {},
    });
    expect(up.code, up.stderr).to.equal(0);
  });
  after(async () => {
    if (dir === undefined) return;
    await runMuster(['down', '--data', at('mesh')], { cwd: dir.path, env: {} });
    await dir[Symbol.asyncDispose]();
  });

  it('starts a server for a folder below the case roots, once', async () => {
    const first = await muster('visualize', 'cases/one');
    expect(first.code, first.stderr).to.equal(0);
    const { port } = first.answer;
    const expected = {
      connectionString: `cs://127.0.0.1:${String(port)}`,
      host: '127.0.0.1',
      foamPath: '/case/one.foam',
    };
    expect(first.answer).to.include({ ...expected, reused: false, state: 'SESSION_STATE_READY' });
    expect(first.answer['paraviewVersion']).to.match(/^\d+\.\d+/);
    expect((await muster('visualize', 'cases/one')).answer).to.include({ ...expected, reused: true });
  });

  it('hands an archive in, and starts a server for it', async () => {
    const { code, stderr, answer } = await muster('visualize', 'two.tar.gz');
    expect(code, stderr).to.equal(0);
    expect(answer).to.include({ foamPath: '/case/two.foam', reused: false });
    const listed = (await muster('visualize', 'list')).answer as unknown as Record<string, unknown>[];
    const id = answer['visualizationId'];
    expect(listed.map((each) => each['visualizationId'])).to.include(id);
    const stopped = (await muster('visualize', 'stop', String(id))).answer['visualization'];
    expect(stopped).to.include({ state: 'SESSION_STATE_ENDED', endReason: 'SESSION_END_REASON_STOPPED' });
  });

  it('ends with the code of what went wrong, and starts nothing', async () => {
    await writeFile(at('junk.zip'), 'no archive');
    expect(await muster('visualize', 'two')).to.include({ code: 5 });
    expect(await muster('visualize', 'cases/one', '--as', 'customer')).to.include({ code: 4 });
    const junk = await muster('visualize', 'junk.zip');
    expect(junk).to.include({ code: 1 });
    expect(junk.stderr).to.include('ARCHIVE_UNFIT').and.to.include('hand in the case as');
    expect((await muster('visualize', 'list')).answer).to.have.length(1);
    expect((await muster('ports', 'list')).answer).to.have.length(1);
  });
});
