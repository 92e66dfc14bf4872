import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { eventually, tempDir, type TempDir } from '#libs/testing/index.ts';
import { muster, spawnMuster } from '../fixtures/muster-process.ts';
import { jsonLines, runCli } from '../fixtures/test-cli.ts';
import { allProcesses, environmentOf } from '#libs/programs/index.ts';

const services = ['blob-1', 'port-broker-1', 'session-supervisor-1', 'user-manager-1'];
const everybody = [...services, 'azurite', 'mongod', 'nats-server'].sort();

describe('muster up', function () {
  this.timeout(120_000);
  let dir: TempDir;
  let data: string;

  const readJson = async (name: string): Promise<Record<string, number>> =>
    JSON.parse(await readFile(join(data, name), 'utf8'));
  const ours = () =>
    allProcesses().filter(
      ({ pid, isDead }) => !isDead && environmentOf(pid).includes(`MUSTER_UP_DIR=${data}`),
    );
  const up = (...more: string[]) =>
    muster(['up', '--data', data, '--agents', '0', '--detach', '--json', ...more]);
  const status = () => runCli(['status', '--context', join(data, 'context.json'), '--json']);

  before(async () => {
    dir = await tempDir();
    data = join(dir.path, 'mesh');
  });
  after(async () => {
    await muster(['down', '--data', data]);
    await dir[Symbol.asyncDispose]();
  });

  it('starts stores and services, tells the endpoints and then that it is ready', async () => {
    const { code, stdout, stderr } = await up();
    expect(code, stderr).to.equal(0);
    const [endpoints, ready] = jsonLines(stdout);
    expect(endpoints)
      .to.include.keys('session', 'user', 'port', 'blob')
      .and.include({ event: 'endpoints' });
    expect(ready).to.include({ event: 'ready' });
    expect(Object.keys(await readJson('processes.json')).sort()).to.deep.equal(everybody);
    expect((await status()).code).to.equal(0);
  });

  it('gives each service users of its own in MongoDB and NATS', async () => {
    const processes = await readJson('processes.json');
    for (const name of services) {
      const service = name.replace(/-1$/, '');
      const environment = environmentOf(processes[name] ?? 0);
      const userOf = (variable: string): string => {
        const [given = ''] = environment.filter((each) => each.startsWith(`${variable}=`));
        return given && new URL(given.slice(variable.length + 1)).username;
      };
      expect(userOf('MUSTER_MONGO_URL')).to.equal(service);
      expect(userOf('MUSTER_NATS_URL')).to.equal(service === 'port-broker' ? '' : service);
    }
  });

  it('lets nobody else read keys, passwords and tokens', async () => {
    const secrets = await readdir(join(data, 'secrets'));
    expect(secrets).to.include.members(['mongod-password', 'nats-password-blob', 'blob-1.token']);
    const secret = [
      'context.json',
      'keys/signing-key.json',
      'keys/mesh-secret',
      ...secrets.map((name) => `secrets/${name}`),
    ];
    for (const name of secret) {
      expect((await stat(join(data, name))).mode & 0o777, name).to.equal(0o600);
    }
  });

  it('refuses a second one on the same directory', async () => {
    const { code, stderr } = await up();
    expect(code).to.equal(1);
    expect(jsonLines(stderr)[0]?.['error']).to.include({ reason: 'ALREADY_UP' });
  });

  it('starts a killed store and a killed service again, on the same ports', async () => {
    const before_ = await readJson('processes.json');
    for (const name of ['mongod', 'session-supervisor-1']) {
      process.kill(before_[name] ?? 0, 'SIGKILL');
    }
    await eventually(
      async () => {
        const after_ = await readJson('processes.json');
        expect(Object.keys(after_).sort()).to.deep.equal(everybody);
        expect(after_['mongod']).not.to.equal(before_['mongod']);
        expect(after_['session-supervisor-1']).not.to.equal(before_['session-supervisor-1']);
        expect((await status()).code).to.equal(0);
      },
      { withinMs: 60_000, everyMs: 100 },
    );
  });

  it('ends the processes that a killed one left behind, and keeps its ports', async () => {
    const ports = await readJson('ports.json');
    const { pid } = await readJson('run/lock.json');
    process.kill(pid ?? 0, 'SIGKILL');
    const { code, stderr } = await up();
    expect(code, stderr).to.equal(0);
    expect(await readJson('ports.json')).to.deep.equal(ports);
    const running = Object.values(await readJson('processes.json'));
    expect(ours().map((found) => found.pid)).to.have.members(running);
  });

  it('is ended by `muster down`, which leaves no process and may be repeated', async () => {
    const down = ['down', '--data', data, '--json'];
    const first = await muster(down);
    expect([first.code, jsonLines(first.stdout)]).to.deep.equal([
      0,
      [{ event: 'down', wasRunning: true }],
    ]);
    expect(ours()).to.deep.equal([]);
    expect(await readJson('processes.json')).to.deep.equal({});
    const again = await muster(down);
    expect([again.code, jsonLines(again.stdout)]).to.deep.equal([
      0,
      [{ event: 'down', wasRunning: false }],
    ]);
  });

  it('drains on Ctrl-C in the foreground and ends with 0', async () => {
    const { process: foreground, ended } = spawnMuster(['up', '--data', data, '--agents', '0']);
    await new Promise<void>((resolve) =>
      foreground.stdout?.on('data', (text: string) => {
        if (/^ready$/m.test(text)) {
          resolve();
        }
      }),
    );
    foreground.kill('SIGINT');
    const { code, stdout } = await ended;
    expect(code).to.equal(0);
    expect(stdout.trimEnd().split('\n').at(-1)).to.equal('ready');
    expect(ours()).to.deep.equal([]);
  });

  it('ends everything that it started when it is interrupted while it starts', async () => {
    const { process: foreground, ended } = spawnMuster(['up', '--data', data, '--agents', '0']);
    await eventually(() => stat(join(data, 'run/lock.json')), { withinMs: 60_000, everyMs: 10 });
    foreground.kill('SIGINT');
    const { code, stderr } = await ended;
    expect([code, stderr]).to.deep.equal([
      130,
      'muster: interrupted while starting; everything is ended again\n',
    ]);
    expect(ours()).to.deep.equal([]);
  });

  it('starts nothing when ports of its own are taken, and names them once', async () => {
    const { mongod = 0, 'blob-1': blob = 0 } = await readJson('ports.json');
    const squatters = [mongod, blob].map((port) => createServer().listen(port, '127.0.0.1'));
    const all = `ports ${mongod} of mongod, ${blob} of blob-1 are in use by other programs; end those, or remove ${join(data, 'ports.json')} to choose new ports`;
    try {
      for (const more of [[], ['--detach']]) {
        const said = await muster(['up', '--data', data, '--agents', '0', ...more]);
        expect([said.code, said.stdout], more.join(' ')).to.deep.equal([1, '']);
        expect(said.stderr.split(all), said.stderr).to.have.lengthOf(2);
        expect(said.stderr.trimEnd().split('\n'), said.stderr).to.have.lengthOf(1);
      }
      const { stderr } = await muster(['up', '--data', data, '--agents', '0', '--json']);
      expect(jsonLines(stderr)[0]?.['error']).to.include({ reason: 'PORT_TAKEN' });
    } finally {
      squatters.forEach((squatter) => squatter.close());
    }
  });
});
