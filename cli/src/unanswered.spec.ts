import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { DomainError, status, unavailable } from '#libs/errors/index.ts';
import { eventually, fakeClock, tempDir, type TempDir } from '#libs/testing/index.ts';
import { outage } from './failures.ts';
import { jsonLines, runCli, testCli } from './fixtures/test-cli.ts';
import { addressOf, explained } from './unanswered.ts';
import { enrol } from './up/agents.ts';

const sentence = (address: string): string =>
  `no mesh answers at ${address}: start one with \`muster up\`, or name another with --context FILE`;

describe('where no mesh answers', () => {
  let dir: TempDir;
  const servers: Server[] = [];
  const listening = async (server: Server): Promise<string> => {
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const muster = async (target: string, ...argv: string[]) => {
    const endpoints = { session: target, user: target, port: target, blob: target };
    const context = { endpoints, tokens: { customer: 'c', operator: 'o' }, ca: null };
    await writeFile(join(dir.path, 'context.json'), JSON.stringify(context));
    return runCli([...argv, '--context', 'context.json'], { cwd: dir.path });
  };
  before(async () => {
    dir = await tempDir();
  });
  after(async () => {
    servers.forEach((server) => server.close());
    await dir[Symbol.asyncDispose]();
  });

  it('a command says so in one sentence and ends with 3', async () => {
    for (const argv of [
      ['show', 'w-1'],
      ['workloads'],
      ['results', 'w-1', '--out', 'frames'],
      ['watch', 'w-1'],
      ['users'],
      ['ports', 'list'],
      ['call', 'WorkloadService/ListWorkloads', '{}'],
    ]) {
      const { code, stdout, stderr } = await muster('ipv4:127.0.0.1:1', ...argv);
      expect([code, stdout, stderr], argv.join(' ')).to.deep.equal([
        3,
        '',
        `muster: ${sentence('127.0.0.1:1')} (UNAVAILABLE, NO_MESH)\n`,
      ]);
    }
    const { stderr } = await muster('ipv4:127.0.0.1:1', 'show', 'w-1', '--json');
    expect(jsonLines(stderr)).to.deep.equal([
      { error: { code: 'UNAVAILABLE', reason: 'NO_MESH', message: sentence('127.0.0.1:1') } },
    ]);
  });

  it('and sends no token in plain text where others could read it', async () => {
    const { code, stdout, stderr } = await muster('dns:///muster.example:7401', 'workloads');
    expect([code, stdout]).to.deep.equal([2, '']);
    expect(stderr).to.match(
      /plain text; set MUSTER_TLS_CA.*MUSTER_INSECURE=1.*PLAIN_TEXT_REFUSED/s,
    );
  });

  it('so does an agent that cannot be enrolled, after a while', async () => {
    const clock = fakeClock();
    const notes: string[] = [];
    const enrolling = enrol(
      { ...testCli().cli, clock },
      'studio-7',
      {
        target: 'ipv4:127.0.0.1:1',
        token: 'o',
        tls: undefined,
      },
      (text) => notes.push(text),
    ).catch((thrown: unknown) => thrown);
    let ended: unknown;
    void enrolling.then((thrown) => (ended = thrown));
    await eventually(async () => {
      await clock.advance(5_000);
      expect(ended).to.include({ reason: 'NO_MESH', message: sentence('127.0.0.1:1') });
    });
    expect(notes).to.deep.equal(['no mesh answers at 127.0.0.1:1; trying again until it answers']);
  });

  it('`status` lists the parts and says the same', async () => {
    const { code, stdout, stderr } = await muster('ipv4:127.0.0.1:1', 'status');
    expect(code).to.equal(3);
    expect(stdout).to.match(/^session +unreachable +\S+ +connect ECONNREFUSED 127\.0\.0\.1:1$/m);
    expect(stderr).to.equal(`muster: ${sentence('127.0.0.1:1')}\n`);
  });

  it('what listens there instead changes nothing', async () => {
    for (const server of [
      createHttpServer((_, answer) => answer.end('hello')),
      createServer((socket) => socket.end()),
      createServer((socket) => socket.resetAndDestroy()),
      createServer((socket) => socket.end('RFB 003.008\n')),
    ]) {
      const address = await listening(server);
      const { code, stderr } = await muster(`ipv4:${address}`, 'show', 'w-1');
      expect([code, stderr]).to.deep.equal([
        3,
        `muster: ${sentence(address)} (UNAVAILABLE, NO_MESH)\n`,
      ]);
    }
    const { code, stderr } = await muster(
      'dns:///nowhere.invalid:443',
      'show',
      'w-1',
      '--tls-ca',
      'system',
    );
    expect([code, stderr]).to.deep.equal([
      3,
      `muster: ${sentence('nowhere.invalid:443')} (UNAVAILABLE, NO_MESH)\n`,
    ]);
  });

  it('what a service says stays, and what the connection ran into is said in plain words', () => {
    const target = 'ipv4:127.0.0.1:1,127.0.0.1:2';
    expect(addressOf(target)).to.equal('127.0.0.1:1, 127.0.0.1:2');
    const away = unavailable('mongodb', 'mongodb is away');
    expect(explained(away, target)).to.equal(away);
    const ofCode = (code: 'UNAVAILABLE' | 'DEADLINE_EXCEEDED', message: string): DomainError =>
      explained(new DomainError(status[code], code, message), target);
    const waited = 'Deadline exceeded after 10.002s,name resolution: 0.001s,Waiting for LB pick';
    expect(ofCode('DEADLINE_EXCEEDED', waited)).to.include({ reason: 'NO_MESH' });
    expect(ofCode('DEADLINE_EXCEEDED', 'Deadline exceeded after 10s,remote_addr=…')).to.include({
      code: status.DEADLINE_EXCEEDED,
      message:
        '127.0.0.1:1, 127.0.0.1:2 did not answer in time; `muster status` says which part is away',
    });
    expect(ofCode('UNAVAILABLE', 'Connection dropped').message).to.equal(
      'the connection to 127.0.0.1:1, 127.0.0.1:2 broke',
    );
    const untrusted =
      'No connection established. Last error: self-signed certificate in certificate chain';
    expect(ofCode('UNAVAILABLE', untrusted).message).to.include('--tls-ca FILE');
    const refused = ofCode('UNAVAILABLE', 'No connection established. Last error: connect E');
    expect(outage(refused)).to.equal(
      'no mesh answers at 127.0.0.1:1, 127.0.0.1:2; trying again until it answers',
    );
  });
});
