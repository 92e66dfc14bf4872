import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { MongoClient } from 'mongodb';
import { eventually, isAlive } from '#libs/testing/index.ts';
import {
  azurite,
  freePort,
  launch,
  type LaunchOptions,
  mongod,
  natsServer,
  type Program,
  type Running,
} from './index.ts';

const { env } = process;
const path = env['PATH'];
let folder: string;
let options: LaunchOptions;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-embedded-'));
});
after(() => rm(folder, { recursive: true }));

let count = 0;
const freshDir = (): string => join(folder, String((count += 1)));
beforeEach(() => {
  options = { env, logFile: join(folder, `${count}.log`), deathSignal: 'SIGKILL' };
});

const passwords = {
  muster: 'a-password',
  'session-supervisor': 'p-s',
  'user-manager': 'p-u',
  blob: 'p-b',
  'port-broker': 'p-p',
};

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

describe('mongod', function () {
  this.timeout(60_000);
  it('lets in only those who know the password, and keeps what it acknowledged over kill -9', async () => {
    const where = { dir: freshDir(), port: await freePort(), path };
    const program = await mongod({ ...where, passwords });
    const first = await launch(program, options);
    const stranger = new MongoClient(`mongodb://127.0.0.1:${where.port}/?directConnection=true`);
    expect(
      String(await failureOf(stranger.db('x').collection('y').insertOne({ a: 1 }))),
    ).to.include('auth');
    await stranger.close();

    const write = { writeConcern: { w: 'majority', journal: true } } as const;
    const client = new MongoClient(program.url);
    await client.db('x').collection('y').insertOne({ a: 1 }, write);
    await client.close();
    first.kill('SIGKILL');
    expect(await first.exited).to.deep.equal({ code: null, signal: 'SIGKILL' });

    const second = await launch(await mongod({ ...where, passwords }), options);
    const again = new MongoClient(program.url);
    expect(await again.db('x').collection('y').countDocuments({ a: 1 })).to.equal(1);
    await again.close();
    expect(await second.stop()).to.deep.equal({ code: 0, signal: null });
  });

  // One that comes back has its set, and still says for a moment that it has none.
  it('is ready also if somebody initiates its set at the same time', async () => {
    const program = await mongod({ dir: freshDir(), port: await freePort(), path });
    const ready: Program['ready'] = async (started) => {
      await Promise.all(Array.from({ length: 8 }, () => program.ready(started)));
    };
    const running = await launch({ ...program, ready }, options);
    running.kill('SIGKILL');
    await running.exited;
  });

  it('makes users of services that an older one lacks, and gives all the passwords of today', async () => {
    const where = { dir: freshDir(), port: await freePort(), path, database: 'mesh' };
    const older = await mongod({ ...where, passwords });
    const first = await launch(older, options);
    const root = new MongoClient(older.url);
    await root.db('mesh').command({ dropUser: 'port-broker' });
    await root.db('mesh').command({ dropRole: 'port-broker' });
    await root.close();
    first.kill('SIGKILL');
    await first.exited;

    const newer = await mongod({ ...where, passwords: { ...passwords, blob: 'another' } });
    const second = await launch(newer, options);
    for (const service of ['port-broker', 'blob'] as const) {
      await using client = new MongoClient(newer.urlFor(service));
      await client.connect();
    }
    await using late = new MongoClient(older.urlFor('blob'));
    expect(String(await failureOf(late.connect()))).to.include('Authentication failed');
    second.kill('SIGKILL');
    await second.exited;
  });

  it('fails to start where another mongod has the port', async () => {
    const port = await freePort();
    const first = await launch(await mongod({ dir: freshDir(), port, path }), options);
    const failure = await failureOf(launch(await mongod({ dir: freshDir(), port, path }), options));
    expect(String(failure)).to.match(/another mongod|before it was ready/);
    first.kill('SIGKILL');
    await first.exited;
  });
});

describe('natsServer', () => {
  it('keeps its password in a file that only its owner can read, and ends on request', async () => {
    const dir = freshDir();
    const program = await natsServer({ dir, port: await freePort(), passwords, path });
    expect((await stat(join(dir, 'nats-server.conf'))).mode & 0o777).to.equal(0o600);
    expect(program.args.join(' ')).not.to.include('a-password');
    const running = await launch(program, options);
    expect((await running.stop()).signal).to.equal(null);
  });

  it('ends on request also while it is frozen', async () => {
    const running = await launch(
      await natsServer({ dir: freshDir(), port: await freePort(), path }),
      options,
    );
    running.kill('SIGSTOP');
    await running.stop();
    expect(isAlive(running.pid)).to.equal(false);
  });
});

describe('azurite', function () {
  this.timeout(60_000);
  it('keeps blobs over a SIGTERM, and refuses another key', async () => {
    const where = { dir: freshDir(), port: await freePort() };
    const program = await azurite({ ...where, key: Buffer.from('a key').toString('base64') });
    const first = await launch(program, options);
    const container = BlobServiceClient.fromConnectionString(program.url).getContainerClient(
      'scenes',
    );
    await container.create();
    await container.getBlockBlobClient('a').upload('abc', 3);
    const foreign = program.url.replace(/AccountKey=[^;]*/, 'AccountKey=Zm9yZWlnbg==');
    expect(
      await failureOf(
        BlobServiceClient.fromConnectionString(foreign).getContainerClient('scenes').create(),
      ),
    ).to.have.property('statusCode', 403);
    await first.stop();
    const second = await launch(program, options);
    expect((await container.getBlobClient('a').downloadToBuffer()).toString()).to.equal('abc');
    await second.stop();
  });
});

const script = (text: string, ready: Program['ready'] = async () => {}): Program => {
  return { name: 'a-store', command: '/bin/sh', args: ['-c', text], env: {}, stopMs: 200, ready };
};
const never = (): Promise<void> => new Promise(() => {});

describe('launch', () => {
  it('shows the last words of a program that ended before it was ready', async () => {
    const failure = await failureOf(launch(script('echo no such disk; exit 3', never), options));
    expect(String(failure)).to.match(
      /a-store ended with exit code 3 before it was ready(.|\n)*no such disk/,
    );
  });

  it('kills a program that is not ready in time', async () => {
    let pid = 0;
    const stuck = script('exec sleep 60', async (started) => {
      ({ pid } = started);
      await never();
    });
    expect(String(await failureOf(launch(stuck, { ...options, readyMs: 50 })))).to.include(
      'not ready within 50 ms',
    );
    expect(isAlive(pid)).to.equal(false);
  });

  it('stops a program when nobody waits for it any more', async () => {
    const waiting = new AbortController();
    let pid = 0;
    const stuck = script('exec sleep 60', async (started) => {
      ({ pid } = started);
      waiting.abort(new Error('enough'));
      await never();
    });
    expect(String(await failureOf(launch(stuck, { ...options, signal: waiting.signal })))).to.equal(
      'Error: enough',
    );
    expect(isAlive(pid)).to.equal(false);
  });

  it('kills a program that does not end on request', async () => {
    const stubborn = script(
      `trap "" TERM; touch ${folder}/trapped; while :; do sleep 0.1; done`,
      () => eventually(() => access(join(folder, 'trapped'))),
    );
    const running: Running = await launch(stubborn, options);
    expect((await running.stop()).signal).to.equal('SIGKILL');
  });

  it('ends a program when the process that launched it ends, in whatever way', async () => {
    const launcher = join(freshDir() + '.ts');
    const lib = new URL('index.ts', import.meta.url).href;
    await writeFile(
      launcher,
      `import { launch } from '${lib}';
       const program = { name: 's', command: '/bin/sleep', args: ['600'], env: {}, stopMs: 1, ready: async () => {} };
       const running = await launch(program, { env: process.env, logFile: '${launcher}.log' });
       console.log(running.pid);`,
    );
    const parent = spawn(process.execPath, [launcher], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).to.equal(true);
    parent.kill('SIGKILL');
    await eventually(() => expect(isAlive(pid)).to.equal(false));
  });
});
