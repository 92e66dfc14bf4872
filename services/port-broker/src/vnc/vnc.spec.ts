import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { before, beforeEach, describe, it } from 'mocha';
import { SessionEndReason, SessionState, type VncSession } from '#libs/contracts/port.ts';
import { status } from '#libs/errors/index.ts';
import {
  eventually,
  isAlive,
  needs,
  startVncServer,
  type VncServer,
  failureOf,
} from '#libs/testing/index.ts';
import {
  ask,
  closed,
  listen,
  portOf,
  type BrokerOptions,
  type LocalBroker,
  type Vnc,
} from '../fixtures/broker.ts';
import { opensPerTest } from '../fixtures/opened.ts';
import { openViewer, type Viewer } from '../fixtures/viewer.ts';

type Ask = Parameters<Vnc['startVncSession']>[0];

/** The viewer's answer to what the machine said first, to which it tells how one may log in. */
const HELLO = Buffer.from('RFB 003.008\n');
const BANNER = 'RFB 003.008\n';
/** How often a broker asks a machine again, and for how long it waits for an answer. */
const LOOK_EVERY_MS = 5_000;
const ANSWER_MS = 5_000;

describe('the console of a machine', function () {
  // Each test starts programs that take seconds of CPU time.
  this.timeout(60_000);
  before(needs('websockify', 'Xtigervnc', 'ss'));
  const opened = opensPerTest();
  let operator: Vnc;
  let machine: VncServer;

  const settings = (env: Record<string, string> = {}, ports = 6): BrokerOptions => ({
    ports,
    pools: (first) => `vnc=${first}-${first + ports - 1}`,
    env: { MUSTER_PORT_VNC_NETWORKS: '127.0.0.0/8, ::1', ...env },
  });
  const open = async (env?: Record<string, string>, ports?: number): Promise<LocalBroker> => {
    const broker = await opened.broker(settings(env, ports));
    operator = await broker.vnc('operator', 'olga');
    return broker;
  };
  beforeEach(async () => {
    machine = await opened.use(startVncServer());
  });
  const about = (vm: string, more: Partial<Ask> = {}): Ask => ({
    vm,
    target: machine.target,
    gateway: false,
    allowUnreachable: false,
    wait: undefined,
    host: '',
    ...more,
  });
  const start = (vm: string, more: Partial<Ask> = {}) =>
    operator.startVncSession(about(vm, more), { deadlineMs: 120_000 });
  const list = async (): Promise<VncSession[]> =>
    (
      await operator.listVncSessions({
        host: '',
        includeEnded: false,
        pageSize: 1_000,
        pageToken: '',
      })
    ).sessions;
  const get = async (vm: string): Promise<VncSession | undefined> =>
    (await operator.getVncSession({ sessionId: '', vm })).session;
  const stop = (vm: string) => operator.stopVncSession({ sessionId: '', vm });
  const view = (url: string): Promise<Viewer> => opened.use(openViewer(url));

  it('is seen by a viewer on a port of its own, with the page that shows it', async () => {
    await open();
    const { url, port, state, session } = await start('a');
    expect(state).to.equal(SessionState.READY);
    expect(new URL(url).port).to.equal(String(port));
    const page = await fetch(url);
    expect(page.status).to.equal(200);
    expect(await page.text()).to.include('noVNC');
    const viewer = await view(url);
    expect(viewer.banner).to.equal(BANNER);
    // One way to log in: none is needed.
    expect([...(await viewer.say(HELLO))]).to.deep.equal([1, 1]);
    await eventually(async () => {
      const [seen, ...others] = await list();
      expect(others).to.deep.equal([]);
      expect(seen).to.include({
        sessionId: session?.sessionId,
        vm: 'a',
        url,
        port,
        viewers: 1,
        gateway: false,
      });
      expect(isAlive(seen?.pid ?? 0)).to.equal(true);
      expect(seen?.sentBytes).to.be.greaterThan(BANNER.length);
      expect(seen?.receivedBytes).to.be.greaterThan(HELLO.length);
    });
    const ended = await stop('a');
    expect(ended.session).to.include({
      state: SessionState.ENDED,
      endReason: SessionEndReason.STOPPED,
      url: '',
    });
    await viewer.closed;
    expect(await list()).to.deep.equal([]);
    await closed(await listen(port));
  });

  it('is one session, also for two calls at once, until it is stopped', async () => {
    await open();
    const answers = await Promise.all([start('a'), start('a')]);
    expect(answers.map(({ reused }) => reused)).to.have.members([true, false]);
    expect(new Set(answers.map(({ sessionId }) => sessionId)).size).to.equal(1);
    const other = await opened.use(startVncServer());
    expect(await failureOf(start('a', { target: other.target }))).to.include({
      reason: 'VM_HAS_OTHER_TARGET',
    });
    expect(await start('a', { gateway: true })).to.include({
      reused: true,
      port: answers[0]?.port,
    });
    await stop('a');
    expect(await start('a', { target: other.target })).to.include({ reused: false });
  });

  for (const gateway of [false, true]) {
    describe(gateway ? 'through the gateway' : 'on a port of its own', () => {
      it('is refused while nobody answers there, and kept where that is allowed, until somebody does', async () => {
        const { clock } = await open();
        await machine.stop();
        const failure = await failureOf(start('a', { gateway }));
        expect(failure).to.include({
          code: status.FAILED_PRECONDITION,
          reason: 'TARGET_UNREACHABLE',
        });
        expect(failure?.message).to.include(machine.target).and.include('nobody listens there');
        expect(await list()).to.deep.equal([]);
        expect(await start('a', { gateway, allowUnreachable: true })).to.include({
          state: SessionState.UNREACHABLE,
        });
        await opened.use(startVncServer(machine.port));
        clock.skip(LOOK_EVERY_MS);
        await eventually(
          async () => expect(await get('a')).to.include({ state: SessionState.READY }),
          {
            withinMs: 20_000,
          },
        );
        const { url = '' } = (await get('a')) ?? {};
        expect((await view(url)).banner).to.equal(BANNER);
      });

      it('is no console where something else answers, or nothing is said', async () => {
        const { clock } = await open();
        const talker = createServer((socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n')).listen(
          0,
          '127.0.0.1',
        );
        await once(talker, 'listening');
        opened.defer(() => closed(talker));
        const target = `127.0.0.1:${portOf(talker)}`;
        const failure = await failureOf(start('a', { gateway, target }));
        expect(failure?.message).to.include('does not speak RFB');
        const silent = await listen(0);
        opened.defer(() => closed(silent));
        const asking = failureOf(start('b', { gateway, target: `127.0.0.1:${portOf(silent)}` }));
        await once(silent, 'connection');
        clock.skip(ANSWER_MS);
        const other = await asking;
        expect(other?.message).to.include('said nothing within 5 s');
      });

      it('goes on while the broker is killed, and is known to the next one', async () => {
        const broker = await opened.brokerProcess(settings());
        operator = await broker.vnc('operator', 'olga');
        const { url, sessionId, port } = await start('a', { gateway });
        const { url: next } = await start('a', { gateway });
        const viewer = await view(url);
        await broker.service.kill('SIGKILL');
        // The gateway asks nobody whether a token is good.
        const second = await view(next);
        expect([...(await second.say(HELLO))]).to.deep.equal([1, 1]);
        await broker.service.restart();
        operator = await broker.vnc('operator', 'olga');
        expect([...(await viewer.say(HELLO))]).to.deep.equal([1, 1]);
        await eventually(
          async () =>
            expect(await get('a')).to.include({ sessionId, port, viewers: 2, restarts: 0 }),
          {
            withinMs: 15_000,
          },
        );
        await stop('a');
        await Promise.all([viewer.closed, second.closed]);
      });

      it('comes back on the same port when its websockify is killed', async () => {
        await open();
        const { port } = await start('a', { gateway });
        const killed = (await get('a'))?.pid ?? 0;
        process.kill(killed, 'SIGKILL');
        await eventually(
          async () => {
            const seen = await get('a');
            expect(seen).to.include({ port, state: SessionState.READY });
            expect(seen?.pid).to.not.equal(killed);
            expect((await view(seen?.url ?? '')).banner).to.equal(BANNER);
          },
          { withinMs: 20_000 },
        );
      });
    });
  }

  for (const step of [
    'lease-granted',
    'process-started',
    'vnc-ready',
    'vnc-member-starting',
    'vnc-member-ready',
    'vnc-member-stopping',
  ]) {
    it(`is not lost nor left behind when the broker is killed behind the step ${step}`, async () => {
      const place = await opened.place(settings());
      await opened.killBehind(step, place, async (failing) => {
        const caller = await failing.vnc('operator', 'olga');
        await caller.startVncSession(about('a', { gateway: true }));
        await caller.stopVncSession({ sessionId: '', vm: 'a' });
      });
      const broker = await opened.broker(place);
      operator = await broker.vnc('operator', 'olga');
      const { url, sessionId } = await start('a', { gateway: true });
      expect((await view(url)).banner).to.equal(BANNER);
      expect((await list()).map((each) => each.sessionId)).to.deep.equal([sessionId]);
      const { pools } = await (
        await broker.as('operator', 'olga')
      ).getPoolStatus({ host: '', pool: '' });
      expect(pools[0]).to.include({ leased: 1, quarantined: 0, foreign: 0 });
    });
  }

  it('is for operators, in configured networks, and refused for anything else', async () => {
    const broker = await open();
    const customer = await broker.vnc('customer', 'carl');
    expect(await failureOf(customer.startVncSession(about('a')))).to.include({
      code: status.PERMISSION_DENIED,
    });
    for (const target of ['10.1.2.3:5900', '[::2]:5900', '[::ffff:10.1.2.3]:5900']) {
      const failure = await failureOf(start('a', { target }));
      expect(failure).to.include({ code: status.PERMISSION_DENIED, reason: 'TARGET_NOT_ALLOWED' });
      expect(failure?.message).to.include('MUSTER_PORT_VNC_NETWORKS');
    }
    expect(await failureOf(start('a', { target: 'no-such-host.invalid:5900' }))).to.include({
      reason: 'TARGET_UNKNOWN',
    });
    const junk = [
      '',
      'here',
      '127.0.0.1:0',
      '127.0.0.1:70000',
      '::1:5900',
      '[127.0.0.1]:5900',
      '--help:5900',
      'a b:1',
    ];
    for (const target of junk) {
      const failure = await failureOf(start('', { target }));
      expect(failure, target).to.include({ code: status.INVALID_ARGUMENT });
      expect(failure?.message).to.include('target').and.include('vm');
    }
    expect(await failureOf(operator.getVncSession({ sessionId: 'vnc-none', vm: '' }))).to.include({
      reason: 'SESSION_NOT_FOUND',
    });
    const named = `localhost:${machine.port}`;
    expect(await start('a', { target: named })).to.include({ state: SessionState.READY });
  });

  it('is told to be unreachable to who asks for it again after its machine went away', async () => {
    const { clock } = await open();
    await start('a');
    await machine.stop();
    clock.skip(LOOK_EVERY_MS);
    await eventually(
      async () =>
        expect(await start('a')).to.include({ reused: true, state: SessionState.UNREACHABLE }),
      {
        withinMs: 15_000,
        everyMs: 500,
      },
    );
    expect(await get('a')).to.include({ state: SessionState.UNREACHABLE });
  });

  it('leaves a stranger’s port alone', async () => {
    const broker = await open({}, 2);
    const stranger = await listen(broker.first);
    opened.defer(() => closed(stranger));
    expect((await start('a')).port).to.equal(broker.first + 1);
    expect(await failureOf(start('b'))).to.include({ reason: 'PORT_POOL_EXHAUSTED' });
  });

  describe('through the gateway', () => {
    it('takes each token once, for its session alone, and none that is forged', async () => {
      await open();
      const other = await opened.use(startVncServer());
      const first = await start('a', { gateway: true });
      const second = await start('b', { gateway: true, target: other.target });
      expect(first.port).to.equal(second.port);
      expect((await view(first.url)).banner).to.equal(BANNER);
      await refuses(first.url);
      const [token = '', ...parts] = (new URL(second.url).searchParams.get('path') ?? '').split(
        '.',
      );
      for (const forged of [
        [token.replace(second.sessionId, first.sessionId), ...parts],
        [token, String(Number(parts[0]) + 60_000), ...parts.slice(1)],
        [token, ...parts.slice(0, 2), '0'.repeat(64)],
        [token, ...parts, 'more'],
        ['websockify?token='],
        ['websockify?token=../secret'],
      ]) {
        await refuses(withPath(second.url, forged.join('.')));
      }
      expect((await view(second.url)).banner).to.equal(BANNER);
    });

    it('takes no token that is too old', async () => {
      await open({ MUSTER_PORT_VNC_TOKEN_TTL: '1s' });
      const { url, session } = await start('a', { gateway: true });
      const expire = session?.urlExpireTime?.getTime() ?? 0;
      expect(expire).to.be.greaterThan(0);
      await eventually(() => expect(Date.now()).to.be.greaterThan(expire + 100), { everyMs: 100 });
      await refuses(url);
    });

    it('hangs up those who watch a machine when its session ends, and nobody else; the last one ends the gateway', async () => {
      await open();
      const first = await start('a', { gateway: true });
      const second = await start('b', { gateway: true });
      const [one, two] = [await view(first.url), await view(second.url)];
      const { url: unused } = await start('a', { gateway: true });
      await eventually(
        async () => expect((await list()).map(({ viewers }) => viewers)).to.deep.equal([1, 1]),
        {
          withinMs: 15_000,
        },
      );
      await stop('a');
      await one.closed;
      await refuses(unused);
      expect([...(await two.say(HELLO))]).to.deep.equal([1, 1]);
      await stop('b');
      await two.closed;
      await closed(await listen(first.port));
    });

    it('asks the machines themselves once a WebSocket has gone through it', async () => {
      const broker = await open();
      await start('a', { gateway: true });
      for (const vm of ['b', 'c', 'd']) {
        await start(vm, { gateway: true });
      }
      await machine.stop();
      expect(await failureOf(start('e', { gateway: true }))).to.include({
        reason: 'TARGET_UNREACHABLE',
      });
      expect(await readdir(join(broker.dataDir, 'vnc', 'used'))).to.have.length(1);
    });

    it('carries 900 machines through one process', async () => {
      await open();
      const names = Array.from({ length: 900 }, (_, index) => `vm-${index}`);
      const queue = [...names];
      const caller = async (): Promise<void> => {
        for (let vm = queue.shift(); vm !== undefined; vm = queue.shift()) {
          await start(vm, { gateway: true });
        }
      };
      await Promise.all(Array.from({ length: 50 }, caller));
      const all = await list();
      expect(all.map(({ vm }) => vm)).to.have.members(names);
      expect(all.every(({ state }) => state === SessionState.READY)).to.equal(true);
      expect(new Set(all.map(({ pid }) => pid)).size).to.equal(1);
      expect(new Set(all.map(({ url }) => url)).size).to.equal(900);
      const { stats } = await operator.listVncSessions({
        host: '',
        includeEnded: false,
        pageSize: 1,
        pageToken: '',
      });
      expect(stats).to.include({ sessions: 900, gatewaySessions: 900, unreachable: 0 });
      expect((await view(all[450]?.url ?? '')).banner).to.equal(BANNER);
    });
  });

  it('is one of sixty that are started at once, each with a websockify and a port of its own', async () => {
    await open({}, 60);
    const others = await Promise.all([1, 2, 3].map(() => opened.use(startVncServer())));
    const targets = [machine, ...others].map(({ target }) => target);
    const names = Array.from({ length: 60 }, (_, index) => `vm-${index}`);
    const answers = await Promise.all(
      names.map((vm, index) => start(vm, { target: targets[index % 4] ?? '' })),
    );
    expect(new Set(answers.map(({ port }) => port)).size).to.equal(60);
    const all = await list();
    expect(new Set(all.map(({ pid }) => pid)).size).to.equal(60);
    for (const { vm, port, url, state } of all) {
      expect(answers[names.indexOf(vm)], vm).to.include({ port, url, state: SessionState.READY });
      expect(state).to.equal(SessionState.READY);
      expect(new URL(url).port).to.equal(String(port));
    }
    const watchAll = async (target: string): Promise<void> => {
      // One after the other: only five may wait in front of a TigerVNC.
      for (const { url } of all.filter((each) => each.target === target)) {
        expect((await view(url)).banner).to.equal(BANNER);
      }
    };
    await Promise.all(targets.map(watchAll));
  });
});

describe('the pool of consoles', () => {
  const opened = opensPerTest();

  it('gives 900 different ports to 50 callers at once', async () => {
    const pools = (first: number): string => `vnc=${first}-${first + 899}`;
    const broker = await opened.broker({ ports: 900, pools });
    const ports = await broker.as('operator', 'olga');
    const caller = async () => {
      const got = [];
      for (let n = 0; n < 18; n += 1) {
        got.push(...(await ports.acquireLease(ask({ pool: 'vnc' }))).leases);
      }
      return got;
    };
    const leases = (await Promise.all(Array.from({ length: 50 }, caller))).flat();
    expect(leases).to.have.length(900);
    expect(new Set(leases.map(({ port }) => port)).size).to.equal(900);
    const seen = await ports.listLeases({
      host: '',
      pool: 'vnc',
      includeEnded: false,
      pageSize: 1_000,
      pageToken: '',
    });
    expect(new Map(seen.leases.map(({ leaseId, port }) => [leaseId, port]))).to.deep.equal(
      new Map(leases.map(({ leaseId, port }) => [leaseId, port])),
    );
    expect(await failureOf(ports.acquireLease(ask({ pool: 'vnc' })))).to.include({
      reason: 'PORT_POOL_EXHAUSTED',
    });
  });
});

const withPath = (url: string, path: string): string => {
  const page = new URL(url);
  page.searchParams.set('path', path);
  return page.href;
};

const refuses = async (url: string): Promise<void> => {
  const refused = await openViewer(url).then(
    () => false,
    () => true,
  );
  expect(refused, `${url} is refused`).to.equal(true);
};
