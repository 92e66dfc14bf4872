import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import { needs, startVncServer } from '#libs/testing/index.ts';
import { sharedMesh, type SharedMesh } from './fixtures/shared-mesh.ts';

describe('programs behind ports', function () {
  this.timeout(120_000);
  let mesh: SharedMesh;
  const at = (name: string): string => join(mesh.dir, name);
  const muster = async (...argv: string[]) => {
    const said = await mesh.musterJson(...argv);
    return { ...said, answer: said.lines[0] ?? {} };
  };

  before(needs('pvserver', 'bwrap', 'socat', 'websockify', 'Xtigervnc'));
  before(async () => {
    mesh = await sharedMesh();
    for (const name of ['cases/one', 'two']) {
      await mkdir(at(`${name}/system`), { recursive: true });
      await writeFile(at(`${name}/system/controlDict`), '');
    }
    await promisify(execFile)('tar', ['czf', at('two.tar.gz'), '-C', mesh.dir, 'two']);
  });

  describe('muster visualize', () => {
    it('starts a server for a folder below the case roots, once', async () => {
      const first = await muster('visualize', 'cases/one');
      expect(first.code, first.stderr).to.equal(0);
      const { port, connectId } = first.answer;
      const expected = {
        connectionString: `cs://127.0.0.1:${String(port)}?connect-id=${String(connectId)}`,
        host: '127.0.0.1',
        foamPath: '/case/one.foam',
      };
      expect(first.answer).to.include({ ...expected, reused: false, state: 'SESSION_STATE_READY' });
      expect(first.answer['paraviewVersion']).to.match(/^\d+\.\d+/);
      expect((await muster('visualize', 'cases/one')).answer).to.include({
        ...expected,
        reused: true,
      });
    });

    it('hands an archive in, and starts a server for it', async () => {
      const { code, stderr, answer } = await muster('visualize', 'two.tar.gz');
      expect(code, stderr).to.equal(0);
      expect(answer).to.include({ foamPath: '/case/two.foam', reused: false });
      const listed = (await muster('visualize', 'list')).answer as unknown as Record<
        string,
        unknown
      >[];
      const id = answer['visualizationId'];
      expect(listed.map((each) => each['visualizationId'])).to.include(id);
      const stopped = (await muster('visualize', 'stop', String(id))).answer['visualization'];
      expect(stopped).to.include({
        state: 'SESSION_STATE_ENDED',
        endReason: 'SESSION_END_REASON_STOPPED',
      });
    });

    it('ends with the exit code of the error, and starts nothing', async () => {
      await writeFile(at('junk.zip'), 'no archive');
      expect(await muster('visualize', 'two')).to.include({ code: 5 });
      expect(await muster('visualize', 'cases/one', '--as', 'customer')).to.include({ code: 4 });
      const junk = await muster('visualize', 'junk.zip');
      expect(junk).to.include({ code: 1 });
      expect(junk.stderr).to.include('ARCHIVE_UNFIT').and.to.include('pack it anew');
      expect((await muster('visualize', 'list')).answer).to.have.length(1);
      expect((await muster('ports', 'list')).answer).to.have.length(1);
    });
  });

  describe('muster vnc', () => {
    it('starts, lists and stops the console of a machine', async () => {
      await using machine = await startVncServer();
      const first = await muster('vnc', 'start', 'web', machine.target);
      expect(first.code, first.stderr).to.equal(0);
      const { port, url, sessionId } = first.answer;
      expect(first.answer).to.include({ state: 'SESSION_STATE_READY', reused: false });
      expect(url).to.equal(
        `http://127.0.0.1:${String(port)}/vnc.html?autoconnect=1&resize=scale&path=websockify`,
      );
      const through = await muster('vnc', 'start', 'db', machine.target, '--gateway');
      expect(through.answer['url']).to.include('path=websockify%3Ftoken%3D');
      const listed = (await muster('vnc', 'list')).answer as unknown as Record<string, unknown>[];
      expect(listed.map(({ vm, gateway }) => [vm, gateway])).to.have.deep.members([
        ['web', false],
        ['db', true],
      ]);
      expect((await muster('vnc', 'stop', String(sessionId))).answer['session']).to.include({
        vm: 'web',
      });
      expect((await muster('vnc', 'stop', 'db')).answer['session']).to.include({
        state: 'SESSION_STATE_ENDED',
      });
      expect((await muster('vnc', 'list')).answer).to.deep.equal([]);
    });

    it('ends with the exit code of the error', async () => {
      expect(await muster('vnc', 'start', 'web', '10.0.0.1:5900')).to.include({ code: 4 });
      expect(await muster('vnc', 'start', 'web', 'nowhere')).to.include({ code: 2 });
      expect(await muster('vnc', 'stop', 'web')).to.include({ code: 5 });
      const away = await muster('vnc', 'start', 'web', '127.0.0.1:1');
      expect(away).to.include({ code: 1 });
      expect(away.stderr).to.include('TARGET_UNREACHABLE');
      const kept = await muster('vnc', 'start', 'web', '127.0.0.1:1', '--allow-unreachable');
      expect(kept.answer).to.include({ state: 'SESSION_STATE_UNREACHABLE' });
      await muster('vnc', 'stop', 'web');
    });
  });

  describe('muster compute', () => {
    it('starts a worker, sends it commands, lists and ends', async () => {
      const started = await muster('compute', 'start', '--name', 'Ann', '--project', 'stars');
      expect(started.code, started.stderr).to.equal(0);
      const id = String(started.answer['sessionId']);
      expect(started.answer).to.include({ state: 'SESSION_STATE_READY' });
      expect(started.answer['port']).to.be.a('number');
      const sent = await muster(
        'compute',
        'send',
        id,
        '{"command": "set_value", "twig": "a", "value": 2}',
      );
      expect(sent.answer).to.deep.equal({ success: true, result: 2 });
      const failed = await muster('compute', 'send', id, '{"command": "get_value", "twig": "b"}');
      expect(failed).to.include({ code: 1 });
      expect(failed.answer).to.include({ success: false });
      expect(await muster('compute', 'send', id, '[]')).to.include({ code: 2, stdout: '' });
      const [entry] = (await muster('compute', 'log', id)).answer as unknown as Record<
        string,
        unknown
      >[];
      expect(entry).to.include({ command: 'get_value', success: false });
      const [session] = (await muster('compute', 'list')).answer as unknown as Record<
        string,
        unknown
      >[];
      expect(session).to.include({ sessionId: id, worker: 'phoebe' });
      expect(session?.['userInfo']).to.include({ userName: 'Ann', project: 'stars' });
      const ended = (await muster('compute', 'end', id)).answer['session'];
      expect(ended).to.include({ endReason: 'SESSION_END_REASON_STOPPED' });
      expect((await muster('compute', 'list')).answer).to.deep.equal([]);
      expect(await muster('compute', 'end', 'com-none')).to.include({ code: 5 });
      expect(await muster('compute', 'start', 'other')).to.include({ code: 5 });
    });
  });
});
