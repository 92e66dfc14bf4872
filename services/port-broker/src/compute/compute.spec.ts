import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { access, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import { Reply, Request } from 'zeromq';
import {
  CommandOutcome,
  SessionEndReason,
  SessionState,
  type ComputeSession,
} from '#libs/contracts/port.ts';
import { status } from '#libs/errors/index.ts';
import { eventually, isAlive, needs, failureOf } from '#libs/testing/index.ts';
import {
  closed,
  listen,
  type BrokerOptions,
  type Compute,
  type LocalBroker,
  type TestBroker,
} from '../fixtures/broker.ts';
import { opensPerTest } from '../fixtures/opened.ts';
import { ownedBy } from '../fixtures/owned.ts';

const WORKER = fileURLToPath(new URL('../fixtures/worker.py', import.meta.url));
const KIND = `phoebe=/usr/bin/python3 ${WORKER} {port}`;
const MIB = 1024 ** 2;
/** How long a worker may take until it answers, and how long one may be idle. */
const READY_MS = 30_000;
const IDLE_MS = 20_000;
type Ask = Parameters<Compute['startComputeSession']>[0];

const isPhoebeThere = (): boolean =>
  spawnSync('/usr/bin/python3', ['-c', 'import phoebe_server'], { stdio: 'ignore' }).status === 0;

describe('a compute session', function () {
  // Each test starts programs that take seconds of CPU time.
  this.timeout(60_000);
  before(needs('bwrap', 'socat', 'python3'));
  const opened = opensPerTest();
  let broker: TestBroker;
  let ann: Compute;

  const settings = (env: Record<string, string> = {}): BrokerOptions => ({
    pools: (first) => `compute=${first}-${first + 5}`,
    env: { MUSTER_PORT_COMPUTE_WORKERS: KIND, ...env },
  });
  const talkTo = async <Broker extends TestBroker>(one: Broker): Promise<Broker> => {
    broker = one;
    ann = await one.compute('customer', 'ann');
    return one;
  };
  const open = async (env?: Record<string, string>): Promise<LocalBroker> =>
    talkTo(await opened.broker(settings(env)));
  const about = (more: Partial<Ask> = {}): Ask => ({
    worker: '',
    userInfo: undefined,
    expose: false,
    requestId: '',
    wait: undefined,
    host: '',
    ...more,
  });
  const start = async (more: Partial<Ask> = {}): Promise<string> =>
    (await ann.startComputeSession(about(more), { deadlineMs: 40_000 })).sessionId;
  const raw = (sessionId: string, commandJson: string, seconds?: number) =>
    ann.sendCommand(
      {
        sessionId,
        commandJson,
        timeout: seconds === undefined ? undefined : { seconds: 0, nanos: seconds * 1e9 },
      },
      { deadlineMs: 60_000 },
    );
  const send = async (
    sessionId: string,
    command: string,
    args: object = {},
    seconds?: number,
  ): Promise<unknown> =>
    (
      JSON.parse(
        (await raw(sessionId, JSON.stringify({ command, ...args }), seconds)).replyJson,
      ) as {
        result?: unknown;
      }
    ).result;
  /** Has its worker work until it is told that it is done. */
  const work = (sessionId: string, seconds?: number): Promise<unknown> =>
    send(sessionId, 'run_compute', { until: '/session/done' }, seconds);
  /** The worker has it: before that a killed broker takes it along. */
  const isAtIt = (sessionId: string): Promise<void> =>
    eventually(() => access(`${broker.dataDir}/sessions/${sessionId}/work/started`), {
      withinMs: 20_000,
    });
  const done = (sessionId: string): Promise<void> =>
    writeFile(`${broker.dataDir}/sessions/${sessionId}/work/done`, '');
  const get = async (sessionId: string): Promise<ComputeSession | undefined> =>
    (await ann.getComputeSession({ sessionId })).session;
  const log = async (sessionId: string, includePing = false) =>
    (await ann.listCommandLog({ sessionId, includePing, pageSize: 0, pageToken: '' })).entries;

  it('leaves others the ports of a pool that a customer has a share of', async () => {
    await talkTo(
      await opened.broker({
        ...settings(),
        pools: (first) => `compute=${first}-${first + 2}:share=1`,
      }),
    );
    await start({ requestId: 'a' });
    expect(await failureOf(start())).to.include({
      code: status.RESOURCE_EXHAUSTED,
      reason: 'PORT_SHARE_USED',
    });
    await start({ requestId: 'a' });
    for (const [role, name] of [
      ['customer', 'bob'],
      ['operator', 'olga'],
    ] as const) {
      const { state } = await (await broker.compute(role, name)).startComputeSession(about());
      expect(state).to.equal(SessionState.READY);
    }
  });

  it('takes commands and answers what its worker says', async () => {
    await open();
    const userInfo = {
      userName: 'Ann',
      project: 'binaries',
      clientAddress: '',
      clientAgent: 'web/1',
    };
    const { sessionId, port, state, session } = await ann.startComputeSession(about({ userInfo }));
    expect(state).to.equal(SessionState.READY);
    expect(port).to.be.within(broker.first, broker.first + 5);
    expect(session?.userInfo).to.include({
      userName: 'Ann',
      project: 'binaries',
      clientAgent: 'web/1',
    });
    expect(session?.userInfo?.clientAddress).to.match(/^127\.0\.0\.1:/);
    expect(await send(sessionId, 'set_value', { twig: 'period', value: 1.5 })).to.equal(1.5);
    const answer = await raw(sessionId, '{"command": "get_value", "twig": "period"}');
    expect(answer).to.include({
      replyJson: '{"success": true, "result": 1.5}',
      success: true,
      error: '',
    });
    expect(answer.memoryAfterBytes).to.be.greaterThan(1_000_000);
    const failed = await raw(sessionId, '{"command": "get_value", "twig": "none"}');
    expect(failed).to.include({ success: false, error: "KeyError('none')" });
    await raw(sessionId, '{"command": "ping"}');
    const entries = await log(sessionId);
    expect(
      entries.map(({ number, command, success, error }) => [number, command, success, error]),
    ).to.deep.equal([
      [3, 'get_value', false, "KeyError('none')"],
      [2, 'get_value', true, ''],
      [1, 'set_value', true, ''],
    ]);
    expect(
      entries.every(({ tookMs, memoryAfterBytes }) => (tookMs ?? 0) > 0 && memoryAfterBytes > 0),
    ).to.equal(true);
    expect(await log(sessionId, true)).to.have.length(4);
    const seen = await get(sessionId);
    expect(seen?.memoryBytes).to.be.greaterThan(1_000_000);
    expect(isAlive(seen?.pid ?? 0)).to.equal(true);
    const { metrics } = await ann.listSessionMetrics({ sessionId, pageSize: 0, pageToken: '' });
    expect(metrics).to.have.length(1);
    expect(metrics[0]?.memoryBytes).to.be.greaterThan(1_000_000);
    await send(sessionId, 'run_solver', { megabytes: 100 });
    expect((await get(sessionId))?.memoryBytes).to.be.greaterThan(100 * 1024 ** 2);
    const ended = await ann.endComputeSession({ sessionId });
    expect(ended.session).to.include({
      state: SessionState.ENDED,
      endReason: SessionEndReason.STOPPED,
      pid: 0,
    });
    expect(isAlive(seen?.pid ?? 0)).to.equal(false);
    expect(await failureOf(send(sessionId, 'ping'))).to.include({ reason: 'SESSION_NOT_READY' });
    expect(await log(sessionId)).to.have.length(4);
  });

  const fill = (sessionId: string, path: string, megabytes: number) =>
    raw(sessionId, JSON.stringify({ command: 'add_dataset', path, megabytes }));
  const endsWith = (sessionId: string, lastError: RegExp): Promise<void> =>
    eventually(
      async () => {
        const seen = await get(sessionId);
        expect(seen).to.include({ state: SessionState.ENDED });
        expect(seen?.lastError).to.match(lastError);
      },
      { withinMs: 20_000 },
    );
  const bounded = { argv: ['/usr/bin/python3', WORKER, '{port}'], memoryBytes: 400 * MIB };

  for (const [where, path] of [
    ['a file without a name', ''],
    ['a folder in memory', '/tmp/x'],
  ] as const) {
    it(`ends when its worker takes too much memory by ${where}`, async () => {
      await open({ MUSTER_PORT_COMPUTE_WORKERS: `phoebe=${JSON.stringify(bounded)}` });
      const id = await start();
      const few = await fill(id, path, 100);
      expect(few.success, few.error).to.equal(true);
      expect(few.memoryAfterBytes).to.be.greaterThan(100 * MIB);
      await failureOf(fill(id, path, 450));
      await endsWith(id, /^worker used \d+ MiB of memory, may use 400 MiB/);
    });
  }

  it('keeps numbers as they were written, and null where JSON has none', async () => {
    await open();
    const id = await start();
    const big = '{"command": "set_value", "twig": "n", "value": 123456789012345678901234567890.5}';
    expect((await raw(id, big)).replyJson).to.include('1.2345678901234568e+29');
    const whole = '{"command": "set_value", "twig": "n", "value": 12345678901234567890123}';
    expect((await raw(id, whole)).replyJson).to.include('12345678901234567890123');
    expect((await raw(id, '{"command": "load_bundle"}')).replyJson).to.equal(
      '{"success": true, "result": null}',
    );
    const length = 20 * 1024 ** 2;
    const client = await broker.compute('customer', 'ann', undefined, {
      'grpc.max_receive_message_length': -1,
    });
    const ask = {
      sessionId: id,
      commandJson: `{"command": "get_bundle", "length": ${length}}`,
      timeout: undefined,
    };
    expect(
      (await client.sendCommand(ask, { deadlineMs: 30_000 })).replyJson,
    ).to.have.length.greaterThan(length);
  });

  it('shows its worker no junk', async () => {
    await open();
    const id = await start();
    const name = await send(id, 'get_uniqueid');
    const junk = [
      '',
      '{}',
      '[]',
      'null',
      '"ping"',
      'ping',
      '7',
      '{"command": []}',
      '{"command": "eval"}',
      '{"command"',
    ];
    junk.push(
      '\uFEFF{"command": "ping"}',
      '{"command": "ping"} more',
      '{"command": "ping", "x": 1}',
      '{"command": "get_value", "twig": NaN}',
      `{"command": "get_value", "twig": ${'9'.repeat(5_000)}}`,
      `{"command": "get_value", "twig": ${'['.repeat(2_000)}${']'.repeat(2_000)}}`,
      `{"command": "get_value", "twig": "${'x'.repeat(10 * 1024 ** 2)}"}`,
    );
    for (const each of junk) {
      const failure = await failureOf(raw(id, each));
      expect(failure, each.slice(0, 80)).to.include({
        code: status.INVALID_ARGUMENT,
        reason: 'COMMAND_UNFIT',
      });
    }
    expect(await send(id, 'get_uniqueid')).to.equal(name);
    expect(await log(id, true)).to.have.length(2);
    expect(await failureOf(raw(id, '{"command": "save_bundle"}'))).to.include({
      reason: 'REPLY_UNREADABLE',
    });
    expect(await send(id, 'get_uniqueid')).to.equal(name);
    for (const seconds of [0, 301]) {
      const timeout = { seconds, nanos: 0 };
      const call = ann.sendCommand({ sessionId: id, commandJson: '{"command":"ping"}', timeout });
      expect(await failureOf(call)).to.include({ reason: 'INVALID_FIELDS' });
    }
  });

  it('does one command after the other, and mixes nothing up where time runs out', async () => {
    await open();
    const id = await start();
    const each = Array.from({ length: 20 }, async (_, n) => {
      expect(await send(id, 'set_value', { twig: `n${n}`, value: n })).to.equal(n);
    });
    await Promise.all(each);
    const late = failureOf(work(id, 0.3));
    await isAtIt(id);
    const never = failureOf(send(id, 'set_value', { twig: 'n7', value: 99 }, 0.6));
    const next = send(id, 'get_value', { twig: 'n7' });
    expect(await late).to.include({ code: status.DEADLINE_EXCEEDED, reason: 'COMMAND_TIMED_OUT' });
    expect(await never).to.include({ code: status.DEADLINE_EXCEEDED, reason: 'COMMAND_NOT_SENT' });
    expect(await get(id)).to.include({ busy: true, queued: 1 });
    await done(id);
    expect(await next).to.equal(7);
    const [last, timedOut] = await log(id);
    expect(last).to.include({ command: 'get_value', outcome: CommandOutcome.ANSWERED });
    expect(timedOut).to.include({ command: 'run_compute', outcome: CommandOutcome.ANSWERED_LATE });
    expect(timedOut?.tookMs).to.be.greaterThan(600);
  });

  it('tells its callers at once when its worker ends, and why', async () => {
    await open();
    const id = await start();
    const dying = failureOf(send(id, 'attach_parameters'));
    const waiting = failureOf(send(id, 'get_uniqueid'));
    for (const failure of [await dying, await waiting]) {
      expect(failure).to.include({ code: status.UNAVAILABLE, reason: 'WORKER_LOST' });
      expect(failure?.message).to.include('ended with code 7').and.include('this is the end');
    }
    await eventually(async () => expect(await get(id)).to.include({ state: SessionState.ENDED }), {
      withinMs: 20_000,
    });
    const seen = await get(id);
    expect(seen).to.include({ endReason: SessionEndReason.LOST });
    expect(seen?.lastError).to.include('this is the end');
    expect((await log(id)).map(({ outcome }) => outcome)).to.deep.equal([CommandOutcome.UNKNOWN]);
    const other = await start();
    const working = failureOf(work(other));
    await isAtIt(other);
    process.kill((await get(other))?.pid ?? 0, 'SIGKILL');
    expect(await working).to.include({ reason: 'WORKER_LOST' });
  });

  it('goes on while the broker is killed in the middle of a command', async () => {
    const { service } = await talkTo(await opened.brokerProcess(settings()));
    const id = await start();
    const name = await send(id, 'get_uniqueid');
    const cut = failureOf(work(id));
    await isAtIt(id);
    await service.kill('SIGKILL');
    expect(await cut).to.include({ code: status.UNAVAILABLE });
    await service.restart();
    await talkTo(broker);
    expect(await get(id)).to.include({ state: SessionState.READY, busy: true });
    const next = send(id, 'get_uniqueid');
    await done(id);
    expect(await next).to.equal(name);
    expect((await log(id)).map(({ command, outcome }) => [command, outcome])).to.deep.equal([
      ['get_uniqueid', CommandOutcome.ANSWERED],
      ['run_compute', CommandOutcome.UNKNOWN],
      ['get_uniqueid', CommandOutcome.ANSWERED],
    ]);
  });

  it('is reached again when the way to its worker is killed, whatever it works on', async () => {
    await open();
    const id = await start();
    const name = await send(id, 'get_uniqueid');
    const cut = failureOf(work(id));
    await isAtIt(id);
    const [way] = ownedBy(broker.dataDir).filter((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('/way/s'),
    );
    process.kill(way ?? 0, 'SIGKILL');
    expect(await cut).to.include({ reason: 'WORKER_LOST' });
    const next = send(id, 'get_uniqueid');
    await done(id);
    expect(await next).to.equal(name);
    expect(await get(id)).to.include({ state: SessionState.READY });
  });

  for (const step of [
    'lease-granted',
    'process-noted',
    'process-started',
    'compute-ready',
    'compute-stopping',
    'lease-settled',
  ]) {
    it(`is not lost nor left behind when the broker is killed behind the step ${step}`, async () => {
      const place = await opened.place(settings());
      await opened.killBehind(step, place, async (failing) => {
        const caller = await failing.compute('customer', 'ann');
        const { sessionId } = await caller.startComputeSession(about());
        await caller.endComputeSession({ sessionId });
      });
      await talkTo(await opened.broker(place));
      const left = await ann.listComputeSessions({
        host: '',
        includeEnded: false,
        pageSize: 0,
        pageToken: '',
      });
      for (const { sessionId, state } of left.sessions) {
        // What was ready is kept, and what was not is being ended.
        if (state === SessionState.READY) {
          expect(await send(sessionId, 'ping')).to.deep.equal({ status: 'ready' });
        }
        await ann.endComputeSession({ sessionId });
      }
      const { pools } = await (
        await broker.as('operator', 'olga')
      ).getPoolStatus({ host: '', pool: '' });
      expect(pools[0]).to.include({ leased: 0, quarantined: 0, foreign: 0 });
      expect(await send(await start(), 'ping')).to.deep.equal({ status: 'ready' });
    });
  }

  it('ends when no command comes, and never while one runs', async () => {
    const { clock } = await open({ MUSTER_PORT_COMPUTE_IDLE: '20s' });
    const busy = await start();
    const working = work(busy);
    const idle = await start();
    const isIdle = (id: string) =>
      eventually(
        async () => expect(await get(id)).to.include({ endReason: SessionEndReason.IDLE }),
        {
          withinMs: 15_000,
        },
      );
    await isAtIt(busy);
    // It works for longer than the other one, begun later, may do nothing.
    clock.skip(IDLE_MS);
    await isIdle(idle);
    expect(await get(busy)).to.include({
      state: SessionState.READY,
      busy: true,
      idleEndTime: undefined,
    });
    await done(busy);
    expect(await working).to.deep.equal({ until: '/session/done' });
    expect((await get(busy))?.idleEndTime).to.not.equal(undefined);
    clock.skip(IDLE_MS);
    await isIdle(busy);
  });

  it('is its creator’s alone, and each has only so many, those being started among them', async () => {
    await open({ MUSTER_PORT_COMPUTE_SESSIONS_PER_USER: '2' });
    const calls = await Promise.allSettled([start(), start(), start()]);
    const failures = calls.flatMap((call) =>
      call.status === 'rejected' ? [call.reason as unknown] : [],
    );
    expect(failures).to.have.length(1);
    expect(failures[0]).to.include({
      code: status.RESOURCE_EXHAUSTED,
      reason: 'SESSION_LIMIT_REACHED',
    });
    const [id = ''] = calls.flatMap((call) => (call.status === 'fulfilled' ? [call.value] : []));
    const bob = await broker.compute('customer', 'bob');
    const operator = await broker.compute('operator', 'olga');
    const ping = { sessionId: id, commandJson: '{"command": "ping"}', timeout: undefined };
    expect(await failureOf(bob.sendCommand(ping))).to.include({ code: status.NOT_FOUND });
    expect(await failureOf(bob.endComputeSession({ sessionId: id }))).to.include({
      code: status.NOT_FOUND,
    });
    expect(await failureOf(operator.sendCommand(ping))).to.include({ reason: 'NOT_THE_CREATOR' });
    const all = { host: '', includeEnded: true, pageSize: 0, pageToken: '' };
    expect((await bob.listComputeSessions(all)).sessions).to.deep.equal([]);
    expect((await operator.listComputeSessions(all)).sessions).to.have.length(2);
    const userInfo = { userName: '', project: 'stars', clientAddress: '', clientAgent: '' };
    await ann.setSessionUserInfo({ sessionId: id, userInfo });
    await ann.endComputeSession({ sessionId: id });
    const [history] = (await ann.listComputeSessions(all)).sessions.filter(
      ({ sessionId }) => sessionId === id,
    );
    expect(history).to.include({ endReason: SessionEndReason.STOPPED });
    expect(history?.userInfo).to.include({ project: 'stars' });
    expect(history?.userInfo?.clientAgent).to.include('grpc');
    const twice = [await start({ requestId: 'one' }), await start({ requestId: 'one' })];
    expect(twice[1]).to.equal(twice[0]);
  });

  it('has a worker without the host’s files and network, that nobody else reaches unless it is exposed', async () => {
    await open();
    const service = await listen(0);
    opened.defer(() => closed(service));
    await writeFile(`${broker.dataDir}/secret`, 'not for workers');
    const hidden = await ann.startComputeSession(about());
    await closed(await listen(hidden.port));
    const { port } = service.address() as { port: number };
    for (const [command, args] of [
      ['get_datasets', { path: '/etc/passwd' }],
      ['get_datasets', { path: `${broker.dataDir}/secret` }],
      ['get_parameter', { port }],
    ] as const) {
      const { success, error } = await raw(hidden.sessionId, JSON.stringify({ command, ...args }));
      expect(success, error).to.equal(false);
    }
    const shown = await ann.startComputeSession(about({ expose: true }));
    const client = new Request();
    client.connect(`tcp://127.0.0.1:${shown.port}`);
    await client.send('{"command": "ping"}');
    expect(String(await client.receive())).to.equal(
      '{"success": true, "result": {"status": "ready"}}',
    );
    client.close();
  });

  it('is not taken in by a stranger on its port that answers the ping', async () => {
    await open();
    const stranger = new Reply();
    await stranger.bind(`tcp://127.0.0.1:${broker.first}`);
    opened.defer(async () => stranger.close());
    for (const expose of [true, false]) {
      const { port, sessionId } = await ann.startComputeSession(about({ expose }));
      expect(port).to.be.greaterThan(broker.first);
      expect(await send(sessionId, 'get_uniqueid')).to.match(/^[0-9a-f]{32}$/);
    }
  });

  if (isPhoebeThere()) {
    it('has phoebe-server’s own worker, where that is installed', async () => {
      await open({
        MUSTER_PORT_COMPUTE_WORKERS:
          'phoebe=/usr/bin/python3 -m phoebe_server.worker.phoebe_worker {port}',
      });
      const id = await start();
      expect(await send(id, 'ping')).to.include({ status: 'ready' });
      expect(await raw(id, '{"command": "get_datasets"}')).to.include({ success: true });
    });
  }

  it('leaves nothing where its worker does not come up', async () => {
    const kinds = [
      `slow=/usr/bin/python3 ${WORKER} {port} 100`,
      `dead=/usr/bin/python3 -c raise\u2002Exception('broken'){port}`,
      'missing=/opt/no/such/python {port}',
    ];
    const { clock } = await open({
      MUSTER_PORT_COMPUTE_WORKERS: kinds.join('\n').replace('\u2002', ' '),
    });
    expect(await failureOf(start())).to.include({
      code: status.NOT_FOUND,
      reason: 'WORKER_KIND_UNKNOWN',
    });
    expect(await failureOf(start({ worker: 'missing' }))).to.include({ reason: 'PROGRAM_MISSING' });
    expect(await failureOf(start({ worker: 'dead' }))).to.include({ reason: 'PROGRAM_EXITED' });
    const starting = failureOf(start({ worker: 'slow' }));
    await eventually(() => expect(ownedBy(broker.dataDir)).to.not.deep.equal([]), {
      withinMs: 20_000,
    });
    clock.skip(READY_MS);
    const slow = await starting;
    expect(slow).to.include({ code: status.UNAVAILABLE, reason: 'NOT_READY_IN_TIME' });
    expect(slow?.message).to.include('within 30 s');
    const ports = await broker.as('operator', 'olga');
    const held = await ports.listLeases({
      host: '',
      pool: '',
      includeEnded: false,
      pageSize: 0,
      pageToken: '',
    });
    expect(held.leases).to.deep.equal([]);
  });
});
