import { mkdir, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { type Clock, systemClock } from '#libs/clock/index.ts';
import type { Program } from '#libs/embedded/index.ts';
import { eventually, fakeClock, isAlive, tempDir, type TempDir } from '#libs/testing/index.ts';
import {
  createProcessTable,
  createSupervisor,
  type MeshProcess,
  type Supervisor,
} from './supervise.ts';

describe('createSupervisor', () => {
  let dir: TempDir;
  let supervisor: Supervisor;
  let told: string[];
  const at = (name: string): string => join(dir.path, name);
  const pids = async (): Promise<Record<string, number>> =>
    JSON.parse(await readFile(at('processes.json'), 'utf8'));

  /** A shell script as a process of the mesh; it is ready at once. */
  const scripted = (
    kind: MeshProcess['kind'],
    text: string,
    ready: Program['ready'] = async () => {},
  ): MeshProcess => ({
    kind,
    program: {
      name: `a-${kind}`,
      command: '/bin/sh',
      args: ['-c', text],
      env: {},
      stopMs: 5_000,
      ready,
    },
    readyMs: 5_000,
  });
  /** Writes its name to `ends` when it is asked to end. */
  const orderly = (kind: MeshProcess['kind']): MeshProcess =>
    scripted(
      kind,
      `trap "echo ${kind} >>ends; exit" TERM; touch ${kind}-traps; while :; do sleep 0.05; done`,
      () => eventually(async () => void (await readFile(at(`${kind}-traps`)))),
    );

  const supervising = async (clock: Clock): Promise<Supervisor> =>
    createSupervisor({
      clock,
      table: await createProcessTable(at('processes.json'), clock),
      layout: { directory: dir.path, log: (name) => at(`${name}.log`) },
      env: { PATH: process.env['PATH'] },
      restarts: true,
      signal: new AbortController().signal,
      tell: (_event, text) => told.push(text),
    });

  beforeEach(async () => {
    dir = await tempDir();
    told = [];
    supervisor = await supervising(systemClock);
  });
  afterEach(async () => {
    await supervisor.drain();
    await dir[Symbol.asyncDispose]();
  });

  it('cuts a log that has grown too long, while its part writes on', async () => {
    const clock = fakeClock();
    await supervisor.drain();
    supervisor = await supervising(clock);
    await supervisor.add(scripted('service', 'while :; do echo a line; sleep 0.02; done'));
    const log = at('a-service.log');
    await truncate(log, 33 * 1024 ** 2);
    await eventually(async () => {
      await clock.advance(30_000);
      expect((await stat(`${log}.1`)).size).to.equal(32 * 1024 ** 2);
      expect(await readFile(log, 'utf8')).to.match(/^a line\n/);
    });
  });

  it('starts a service that dies again, and leaves an agent dead', async () => {
    await Promise.all([
      supervisor.add(scripted('service', 'exec sleep 60')),
      supervisor.add(scripted('agent', 'exec sleep 60')),
    ]);
    const before = await pids();
    for (const pid of Object.values(before)) {
      process.kill(pid, 'SIGKILL');
    }
    await eventually(async () => {
      const after = await pids();
      expect(Object.keys(after)).to.deep.equal(['a-service']);
      expect(after['a-service']).not.to.equal(before['a-service']);
    });
    expect(told.join('\n'))
      .to.include('a-agent (process')
      .and.to.match(/a-service \(process \d+\) was killed by SIGKILL; starting it again in 0\.3 s/)
      .and.to.match(/a-service runs again \(process \d+\)/);
  });

  it('says once why a part cannot be started again, however often it tries', async () => {
    let starts = 0;
    const script = '[ -e taken ] && { echo "port taken at $(date +%s%N)"; exit 1; }; exec sleep 60';
    const part = scripted('service', script, () =>
      (starts += 1) === 1 ? Promise.resolve() : new Promise<void>(() => {}),
    );
    await supervisor.add(part);
    await writeFile(at('taken'), '');
    process.kill((await pids())['a-service'] ?? 0, 'SIGKILL');
    await eventually(() => expect(starts).to.be.above(3));
    const failures = told.filter((text) => text.includes('cannot start a-service'));
    expect(failures).to.have.lengthOf(1);
    expect(failures[0]).to.include('port taken');
  });

  it('goes on while its table cannot be written, and writes it once it can', async () => {
    await mkdir(at('table'));
    const table = await createProcessTable(at('table/processes.json'), systemClock);
    await rename(at('table'), at('away'));
    await table.set('a-service', 7);
    await table.remove('a-service', 7);
    await table.set('a-store', 8);
    await rename(at('away'), at('table'));
    await eventually(async () =>
      expect(JSON.parse(await readFile(at('table/processes.json'), 'utf8'))).to.deep.equal({
        'a-store': 8,
      }),
    );
  });

  it('renews a part that runs', async () => {
    await supervisor.add(orderly('store'));
    const { 'a-store': before = 0 } = await pids();
    supervisor.renew('a-store');
    await eventually(async () =>
      expect((await pids())['a-store'])
        .to.be.above(0)
        .and.not.equal(before),
    );
  });

  it('ends agents, then services, then stores', async () => {
    for (const kind of ['store', 'service', 'agent'] as const) {
      await supervisor.add(orderly(kind));
    }
    await supervisor.drain();
    expect(await readFile(at('ends'), 'utf8')).to.equal('agent\nservice\nstore\n');
    expect(await pids()).to.deep.equal({});
  });

  it('shows the last words of a process that does not get ready', async () => {
    const failure: unknown = await supervisor
      .add(scripted('store', 'echo no such disk; exit 3', () => new Promise(() => {})))
      .catch((thrown: unknown) => thrown);
    expect(failure)
      .to.include({ reason: 'PART_FAILED' })
      .with.property('message')
      .that.includes('no such disk');
  });

  it('ends what is still starting', async () => {
    const { promise: started, resolve } = Promise.withResolvers<number>();
    const slow = scripted('agent', 'exec sleep 60', ({ pid }) => {
      resolve(pid);
      return new Promise(() => {});
    });
    const added = supervisor.add(slow).catch(() => 'refused');
    const pid = await started;
    await supervisor.drain();
    expect([await added, isAlive(pid)]).to.deep.equal(['refused', false]);
  });
});
