import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile, readFile, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { status } from '#libs/errors/index.ts';
import { MARK, statOf } from '#libs/programs/index.ts';
import { eventually, isAlive, failureOf } from '#libs/testing/index.ts';
import { closed, listen } from '../fixtures/broker.ts';
import { opensPerTest } from '../fixtures/opened.ts';
import { ownedBy } from '../fixtures/owned.ts';
import { ECHO, openSessions, type Sessions } from '../fixtures/sessions.ts';

const MIB = 1024 ** 2;

const dial = async (port: number): Promise<Socket> => {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  return socket;
};

const echoes = async (socket: Socket): Promise<void> => {
  socket.write('hello');
  const [said] = (await once(socket, 'data')) as [Buffer];
  expect(said.toString()).to.equal('hello');
};

const kindOf = (sessions: Sessions, port: number) =>
  sessions.leaseManager.table().ports.get(port)?.state.kind;

describe('the programs of sessions', () => {
  const opened = opensPerTest();
  let sessions: Sessions;
  beforeEach(async () => {
    sessions = await opened.use(openSessions());
  });
  const pidOf = (id: string): number => sessions.manager.pid(id, 'program') ?? 0;

  describe('that do not come up', () => {
    const leavesNothing = () => {
      expect(sessions.alive()).to.deep.equal([]);
      expect(
        [...sessions.leaseManager.table().leases.values()].filter(
          ({ lease }) => lease.end === undefined,
        ),
      ).to.deep.equal([]);
      expect(sessions.manager.list().filter(({ state }) => state !== 'ended')).to.deep.equal([]);
    };

    it('tell their exit code and what they said last', async () => {
      const script = 'echo one; echo "no licence" >&2; sleep 100 & exit 7';
      const error = await failureOf(sessions.start('a', { script }));
      expect(error).to.include({ reason: 'PROGRAM_EXITED' });
      expect(error?.message).to.include('code 7').and.to.include('no licence');
      leavesNothing();
      expect(sessions.manager.list()[0]).to.include({ state: 'ended', end: 'failed' });
    });

    it('are not waited for longer than it may take', async () => {
      const error = await failureOf(
        sessions.start('a', { ...ECHO, sign: 'never said', readyMs: 300 }),
      );
      expect(error).to.include({ reason: 'NOT_READY_IN_TIME' });
      leavesNothing();
    });

    it('are not ready by their word alone: a stranger who listens on their port is none of them', async () => {
      // On the first port it only says that it is ready.
      const script = `[ $PORT = ${sessions.first} ] && { echo ready; touch ../started; exec sleep 1000; }; echo ready; ${ECHO.script}`;
      const starting = sessions.start('a', { script, sign: 'ready' });
      await eventually(() => stat(join(sessions.folder, 'started')), { withinMs: 20_000 });
      const stranger = await listen(sessions.first);
      expect((await starting).session.port).to.equal(sessions.first + 1);
      expect(kindOf(sessions, sessions.first)).to.equal('foreign');
      await closed(stranger);
    });

    it('get another port where somebody took theirs before they could', async () => {
      const script = `[ $PORT = ${sessions.first} ] && { echo "Address already in use"; exit 1; }; ${ECHO.script}`;
      expect((await sessions.start('a', { script })).session.port).to.equal(sessions.first + 1);
    });
  });

  it('are there once for each key, and gone when they are stopped, also what ignores TERM, escapes from its group, throws its nonce away or is a zombie', async () => {
    const deaf = `trap '' TERM; (trap '' TERM; sleep 1000) & setsid sh -c "trap '' TERM; sleep 1000; :" & (sleep 0.01 & exec sleep 1000) & env -i /bin/sleep 1000 & `;
    const [{ session }, two] = await Promise.all([
      sessions.start('a', { script: deaf + ECHO.script }),
      sessions.start('a', ECHO),
    ]);
    expect(two).to.deep.include({ isReused: true });
    expect(two.session.id).to.equal(session.id);
    expect(sessions.alive().length).to.be.at.least(4);
    expect(kindOf(sessions, session.port)).to.equal('leased');
    const ended = await sessions.manager.stop(session.id, 'stopped');
    expect(ended).to.include({ state: 'ended', end: 'stopped' });
    expect(sessions.alive()).to.deep.equal([]);
    expect(ownedBy(sessions.folder)).to.deep.equal([]);
    expect(kindOf(sessions, session.port)).to.equal('free');
  });

  it('leave a port in quarantine where somebody still listens after they ended', async () => {
    // Throws its nonce away and leaves its group: nobody can say any more whose it is.
    const script = `env -i setsid /usr/bin/socat TCP-LISTEN:$PORT,bind=127.0.0.1,fork,reuseaddr,reuseport PIPE & exec socat TCP-LISTEN:$PORT,bind=127.0.0.1,fork,reuseaddr,reuseport PIPE`;
    const { session } = await sessions.start('a', { script });
    await eventually(async () => expect((await listenersOn(session.port)).length).to.equal(2), {
      withinMs: 20_000,
    });
    const runaway = (await listenersOn(session.port)).find(
      (pid) => !sessions.alive().includes(pid),
    )!;
    try {
      await sessions.manager.stop(session.id, 'stopped');
      expect(kindOf(sessions, session.port)).to.equal('quarantined');
      expect(isAlive(runaway)).to.equal(true);
    } finally {
      process.kill(runaway, 'SIGKILL');
    }
    await eventually(() => expect(isAlive(runaway)).to.equal(false), { withinMs: 20_000 });
    for (let sighting = 0; sighting < 3; sighting += 1) {
      await sessions.leaseManager.reconcile();
    }
    expect(kindOf(sessions, session.port)).to.equal('free');
  });

  it('are adopted by the next broker, which disturbs no connection', async () => {
    const { session } = await sessions.start('a', ECHO);
    const pid = pidOf(session.id);
    const socket = await dial(session.port);
    await echoes(socket);
    sessions.reopen();
    await echoes(socket);
    expect(sessions.manager.get(session.id)).to.include({ state: 'ready', port: session.port });
    expect(pidOf(session.id)).to.equal(pid);
    expect(await sessions.start('a', ECHO)).to.deep.include({ isReused: true });
    expect(kindOf(sessions, session.port)).to.equal('leased');
    process.kill(pid, 'SIGKILL');
    // Adopted ones are started again like others.
    await eventually(
      () => expect(sessions.manager.get(session.id)).to.include({ state: 'ready', restarts: 1 }),
      {
        withinMs: 20_000,
      },
    );
    await echoes(await dial(session.port));
    socket.destroy();
  });

  it('are adopted on the port that they came to, also where that was not their first', async () => {
    const script = `[ $PORT = ${sessions.first} ] && { echo "Address already in use"; exit 1; }; ${ECHO.script}`;
    const { session } = await sessions.start('a', { script });
    const pid = pidOf(session.id);
    sessions.reopen();
    expect(sessions.manager.get(session.id)).to.include({
      state: 'ready',
      port: sessions.first + 1,
    });
    expect(pidOf(session.id)).to.equal(pid);
  });

  it('get a port again at once on which connections of before are in TIME_WAIT', async () => {
    const { session } = await sessions.start('a', ECHO);
    const client = await dial(session.port);
    await echoes(client);
    const ended = once(client, 'close');
    client.resume();
    // Whoever hangs up first keeps the connection in TIME_WAIT: here the program does.
    await sessions.manager.stop(session.id, 'stopped');
    await ended;
    // Until the client hung up as well, the port counted as somebody's.
    await sessions.leaseManager.reconcile();
    const { stdout } = await promisify(execFile)('ss', [
      '-Htan',
      'state',
      'time-wait',
      `sport = :${session.port}`,
    ]);
    expect(stdout).to.include(String(session.port));
    const others = {
      pool: 'lab',
      port: undefined,
      count: 5,
      ttlMs: 60_000,
      owner: 'ann',
      holder: '',
    };
    const about = { requestId: '', requestHash: '', session: '', isBound: false };
    await sessions.leaseManager.acquire(
      { ...others, ...about },
      undefined,
      new AbortController().signal,
    );
    const again = await sessions.start('b', ECHO);
    expect(again.session.port).to.equal(session.port);
    await echoes(await dial(session.port));
  });

  it('give their port back by a sweep, where the lease could not be ended with the session', async () => {
    const { session } = await sessions.start('a', ECHO);
    await sessions.manager.stop(session.id, 'stopped');
    const ask = {
      pool: 'lab',
      port: session.port,
      count: 1,
      ttlMs: 60_000,
      owner: 'ann',
      holder: '',
    };
    const about = { requestId: '', requestHash: '', session: session.id, isBound: false };
    await sessions.leaseManager.acquire(
      { ...ask, ...about },
      undefined,
      new AbortController().signal,
    );
    expect(kindOf(sessions, session.port)).to.equal('leased');
    await sessions.manager.sweep();
    expect(kindOf(sessions, session.port)).to.equal('free');
  });

  it('are taken for what they are: another process with the same number is not touched', async () => {
    const { session } = await sessions.start('a', ECHO);
    const stranger = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    await once(stranger, 'spawn');
    const record = sessions.store.load().processes[0]!;
    const ours = pidOf(session.id);
    // As if ours had ended, and its number had come to somebody else: once at another time, once without our nonce.
    for (const startTicks of [record.startTicks, statOf(stranger.pid!)!.startTicks]) {
      sessions.store.putProcess({ ...record, pid: stranger.pid!, startTicks });
      sessions.reopen();
      expect(pidOf(session.id)).to.not.equal(stranger.pid);
    }
    await sessions.manager.stop(session.id, 'stopped');
    expect(isAlive(stranger.pid!)).to.equal(true);
    // What carries the nonce is ours all the same.
    expect(isAlive(ours)).to.equal(false);
    stranger.kill('SIGKILL');
    await once(stranger, 'exit');
  });

  it('are ended where the broker ended between noting a program and starting it, or before it was ready', async () => {
    const { session } = await sessions.start('a', ECHO);
    const nonce = 'ab'.repeat(16);
    sessions.store.put({
      ...session,
      id: 'vis-unfinished',
      key: 'b',
      port: 0,
      leaseId: '',
      state: 'starting',
    });
    sessions.store.putProcess({
      nonce,
      session: 'vis-unfinished',
      role: 'program',
      pid: 0,
      startTicks: '',
    });
    const left = spawn('sleep', ['1000'], {
      detached: true,
      stdio: 'ignore',
      env: { PATH: '/bin', [MARK]: nonce },
    });
    await once(left, 'spawn');
    sessions.reopen();
    // Who asks for it at that moment gets a new one, and not the one that is being ended.
    const again = sessions.start('b', ECHO);
    await eventually(() => expect(isAlive(left.pid!)).to.equal(false), { withinMs: 20_000 });
    expect(await again).to.deep.include({ isReused: false });
    await eventually(() =>
      expect(sessions.manager.get('vis-unfinished')).to.include({ state: 'ended', end: 'failed' }),
    );
    expect(sessions.manager.get(session.id)).to.include({ state: 'ready' });
  });

  it('are known to be dead after a reboot of the host', async () => {
    const { session } = await sessions.start('a', ECHO);
    sessions.reopen('another boot');
    await eventually(
      () =>
        expect(sessions.manager.get(session.id)).to.include({ state: 'ended', end: 'rebooted' }),
      {
        withinMs: 20_000,
      },
    );
  });

  it('are started again on the same port, and given up when they fail five times in a row', async () => {
    const { session } = await sessions.start('a', {
      script: `test -e broken && exit 3; ${ECHO.script}`,
    });
    process.kill(pidOf(session.id), 'SIGTERM');
    await eventually(
      () => expect(sessions.manager.get(session.id)).to.include({ state: 'ready', restarts: 1 }),
      {
        withinMs: 20_000,
      },
    );
    await echoes(await dial(session.port));
    await writeFile(join(sessions.folder, session.id, 'broken'), '');
    process.kill(pidOf(session.id), 'SIGTERM');
    await eventually(
      () => expect(sessions.manager.get(session.id)).to.include({ state: 'ended', end: 'lost' }),
      {
        withinMs: 15_000,
      },
    );
    expect(sessions.manager.get(session.id)?.lastError).to.include('code 3');
    expect(kindOf(sessions, session.port)).to.equal('free');
  });

  it('may say a gigabyte: what is kept of it is bounded, and its end is there', async () => {
    const script = `head -c 1G /dev/zero | tr '\\0' 'x'; echo; echo "the end"; ${ECHO.script}`;
    const { session } = await sessions.start('a', { script, readyMs: 60_000 });
    const log = join(sessions.folder, session.id, 'program.log');
    await eventually(async () => expect((await stat(log)).size).to.be.below(5 * 1024 ** 2), {
      withinMs: 20_000,
    });
    const kept = `${await readFile(`${log}.1`, 'latin1').catch(() => '')}${await readFile(log, 'latin1')}`;
    expect(kept.trimEnd().endsWith('the end')).to.equal(true);
    expect(kept.length).to.be.below(6 * 1024 ** 2);
  });

  /** Writes megabytes into a file, and then serves its port. */
  const writes = (megabytes: number, file = 'big') => ({
    script: `head -c ${megabytes}M /dev/zero > ${file}; ${ECHO.script}`,
    readyMs: 60_000,
  });
  const stateOf = (id: string) => sessions.manager.get(id);
  const ends = (id: string, lastError: RegExp): Promise<void> =>
    eventually(
      () => {
        expect(stateOf(id)).to.include({ state: 'ended', end: 'lost' });
        expect(stateOf(id)?.lastError).to.match(lastError);
      },
      { withinMs: 40_000 },
    );
  const bound = { isBound: true };

  it('end with their session when they write more than they may, and leave nothing on the disk', async () => {
    sessions = await opened.use(openSessions({ diskBytes: 50 * MIB }));
    const modest = await sessions.start('a', writes(30));
    const script = `head -c 30M /dev/zero > a; (sleep 1; head -c 30M /dev/zero > b; sleep 1000) & ${ECHO.script}`;
    const greedy = await sessions.start('b', { script });
    await ends(greedy.session.id, /^program wrote more than 50 MiB to its work folder/);
    expect(await readdir(sessions.folder)).to.deep.equal([modest.session.id]);
    expect(stateOf(modest.session.id)).to.include({ state: 'ready', restarts: 0 });
    expect(kindOf(sessions, greedy.session.port)).to.equal('free');
  });

  it('take together what their customer may of a host: the greediest ends, and no further one begins', async () => {
    sessions = await opened.use(openSessions({ bounds: { customerDiskBytes: 250 * MIB } }));
    const free = await sessions.start('free', writes(300), { owner: 'portal' });
    const small = await sessions.start('a', writes(100), bound);
    const other = await sessions.start('b', writes(100), { ...bound, owner: 'bob' });
    const script = `(sleep 1; head -c 200M /dev/zero > b; sleep 1000) & ${ECHO.script}`;
    const large = await sessions.start('c', { script }, bound);
    await ends(
      large.session.id,
      /^program took \d+ MiB of disk, the most of the \d+ MiB .* may take 250 MiB/,
    );
    for (const { session } of [free, small, other]) {
      expect(stateOf(session.id)).to.include({ state: 'ready', restarts: 0 });
    }
  });

  for (const [of, bounds] of [
    ['disk', { customerDiskBytes: MIB / 4 }],
    ['memory', { customerMemoryBytes: MIB / 4 }],
  ] as const) {
    it(`are as many as their customer’s ${of} lets begin`, async () => {
      sessions = await opened.use(openSessions({ bounds }));
      await sessions.start('a', writes(1), bound);
      let tries = 0;
      await eventually(
        async () => {
          tries += 1;
          const refused = await failureOf(sessions.start(`b${tries}`, ECHO, bound));
          // Until it was looked at, others begin, as many as there are ports for one customer.
          expect(refused).to.include({
            code: status.RESOURCE_EXHAUSTED,
            reason: `CUSTOMER_${of.toUpperCase()}_USED`,
          });
          expect(refused?.message).to.include('stop one of them');
        },
        { withinMs: 40_000 },
      );
      await sessions.start('c', ECHO, { ...bound, owner: 'bob' });
    });
  }

  it('leave a reserve of the disk: below it none begins, and the greediest ends', async () => {
    let freeBytes = 2 ** 40;
    const bounds = { reserveBytes: 2 ** 30 };
    sessions = await opened.use(openSessions({ bounds, freeBytes: () => freeBytes }));
    const small = await sessions.start('a', writes(1));
    const large = await sessions.start('b', writes(100));
    const file = join(sessions.folder, large.session.id, 'big');
    freeBytes = 2 ** 29;
    const refused = await failureOf(sessions.start('c', ECHO));
    expect(refused).to.include({ code: status.RESOURCE_EXHAUSTED, reason: 'HOST_DISK_SHORT' });
    expect(refused?.message).to.include('512 MiB');
    await ends(large.session.id, /^program took 100 MiB of disk, the most of all sessions/);
    expect(await stat(file).catch(() => 'gone')).to.equal('gone');
    expect(stateOf(small.session.id)).to.include({ state: 'ready' });
    freeBytes = 2 ** 40;
    await sessions.start('c', ECHO);
  });

  it('cannot lose their port by a release of the lease, nor by its time', async () => {
    const { session } = await sessions.start('a', ECHO);
    const release = sessions.leaseManager.release({ id: session.leaseId, token: 0, owner: 'ann' });
    expect(await failureOf(release)).to.include({ reason: 'LEASE_IN_USE' });
    await sessions.manager.stop(session.id, 'stopped');
    expect(kindOf(sessions, session.port)).to.equal('free');
  });
});

const listenersOn = async (port: number): Promise<number[]> => {
  const { stdout } = await promisify(execFile)('ss', ['-Hltnp', `sport = :${port}`]);
  return [...stdout.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid));
};
