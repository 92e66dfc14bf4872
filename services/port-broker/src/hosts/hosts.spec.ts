import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { SessionState } from '#libs/contracts/port.ts';
import { status } from '#libs/errors/index.ts';
import {
  eventually,
  needs,
  startMongod,
  startVncServer,
  type TestMongod,
  failureOf,
  urlAs,
} from '#libs/testing/index.ts';
import {
  ask,
  type BrokerOptions,
  type BrokerProcess,
  type LocalBroker,
  type Ports,
  type TestBroker,
} from '../fixtures/broker.ts';
import { makeCavity } from '../fixtures/case.ts';
import { opensPerTest } from '../fixtures/opened.ts';

const WORKER = fileURLToPath(new URL('../fixtures/worker.py', import.meta.url));
/** For how long a broker believes what it read of others. */
const CURRENT_MS = 5_000;

describe('several hosts', function () {
  // Each test starts programs that take seconds of CPU time.
  this.timeout(60_000);
  before(needs('pvserver', 'bwrap', 'socat', 'blockMesh', 'websockify', 'Xtigervnc'));
  let mongod: TestMongod;
  let meshes = 0;
  before(async () => {
    mongod = await startMongod();
  });
  after(() => mongod[Symbol.asyncDispose]());

  const opened = opensPerTest();
  let dir: string;
  let east: LocalBroker;
  let west: TestBroker;
  /** The same caller, at each of the two brokers. */
  let atEast: Ports;
  let atWest: Ports;

  const everybodyIsKnown = (): Promise<void> =>
    eventually(
      async () => {
        for (const each of [atEast, atWest]) {
          const { pools } = await each.getPoolStatus({ pool: '', host: '' });
          expect(new Set(pools.map(({ host }) => host))).to.deep.equal(new Set(['east', 'west']));
        }
      },
      { withinMs: 20_000 },
    );
  const open = async (
    mongo = mongod.url,
    startWest: 'broker' | 'brokerProcess' = 'broker',
  ): Promise<void> => {
    meshes += 1;
    const shared = {
      MUSTER_MONGO_URL: urlAs(mongo, 'port-broker'),
      MUSTER_MONGO_DATABASE: `mesh-${meshes}`,
    };
    const programs = {
      MUSTER_PORT_VNC_NETWORKS: '127.0.0.0/8',
      MUSTER_PORT_COMPUTE_WORKERS: `py=/usr/bin/python3 ${WORKER} {port}`,
    };
    const settings = (
      name: string,
      address: string,
      more: Record<string, string>,
    ): BrokerOptions => ({
      ports: 8,
      pools: (first) =>
        `lab=${first}-${first + 1},visualization=${first + 2}-${first + 3},vnc=${first + 4}-${first + 5},compute=${first + 6}-${first + 7}`,
      env: {
        ...shared,
        ...programs,
        ...more,
        MUSTER_PORT_HOST: name,
        MUSTER_PORT_ADDRESS: address,
        MUSTER_PORT_OWN_ADDRESS: '1',
        MUSTER_PORT_CASE_ROOTS: join(dir, name),
      },
    });
    east = await opened.broker(settings('east', '127.0.0.1', {}));
    west = await opened[startWest](
      settings('west', '127.0.0.2', { MUSTER_JWKS: east.env['MUSTER_JWKS'] ?? '' }),
    );
    atEast = await east.as('operator', 'olga');
    atWest = await east.as('operator', 'olga', west.address);
    await everybodyIsKnown();
  };
  beforeEach(async () => {
    dir = await opened.folder();
  });
  const list = async (of: Ports, more: { host?: string; pageSize?: number } = {}) => {
    const found = [];
    let pageToken = '';
    do {
      const page = await of.listLeases({
        pool: 'lab',
        host: '',
        includeEnded: false,
        pageSize: 0,
        ...more,
        pageToken,
      });
      found.push(...page.leases);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return found;
  };

  it('give a customer a share each, the next one where the first has no more', async () => {
    await open();
    const ann = await east.as('customer', 'ann');
    const both = [await ann.acquireLease(ask()), await ann.acquireLease(ask())];
    expect(both.map(({ lease }) => lease?.host)).to.have.members(['east', 'west']);
    const third = await failureOf(ann.acquireLease(ask()));
    expect(third).to.include({ reason: 'PORT_SHARE_USED' });
    const { pools } = await ann.getPoolStatus({ pool: 'lab', host: '' });
    expect(pools.map(({ ownLeases, maxPerCustomer }) => [ownLeases, maxPerCustomer])).to.deep.equal(
      [
        [1, 1],
        [1, 1],
      ],
    );
  });

  it('lease ports of the one with the most free, or of the named one, whichever is asked', async () => {
    await open();
    const [named] = (await atEast.acquireLease(ask({ host: 'west' }))).leases;
    expect(named).to.include({ host: 'west' });
    // One free there by now, two here.
    await eventually(
      async () => expect((await atEast.acquireLease(ask())).lease?.host).to.equal('east'),
      {
        withinMs: 20_000,
      },
    );
    const rest = await Promise.all([atEast.acquireLease(ask()), atWest.acquireLease(ask())]);
    expect(rest.map(({ lease }) => lease?.host)).to.have.members(['east', 'west']);
    expect(await failureOf(atWest.acquireLease(ask()))).to.include({
      reason: 'PORT_POOL_EXHAUSTED',
    });
    expect(await failureOf(atWest.acquireLease(ask({ host: 'north' })))).to.include({
      code: status.NOT_FOUND,
      reason: 'HOST_UNKNOWN',
    });
    for (const each of [atEast, atWest]) {
      expect(await list(each)).to.have.length(4);
      expect(await list(each, { pageSize: 1 })).to.have.length(4);
      expect((await list(each, { host: 'west' })).map(({ host }) => host)).to.deep.equal([
        'west',
        'west',
      ]);
    }
    for await (const { lease } of atEast.watchLeases({ pool: 'lab', host: 'west' })) {
      expect(lease?.host).to.equal('west');
      break;
    }
    expect(await failureOf(atEast.reconcile({ host: 'north' }))).to.include({
      reason: 'HOST_UNKNOWN',
    });
    expect((await atEast.reconcile({ host: 'west' })).checked).to.be.greaterThan(0);
    const { leaseId = '', fencingToken = 0 } = named ?? {};
    const renewed = await atEast.renewLease({
      leaseId,
      fencingToken,
      ttl: { seconds: 3_000, nanos: 0 },
    });
    expect(renewed.lease?.ttl?.seconds).to.equal(3_000);
    expect(await failureOf(atEast.getPoolStatus({ pool: 'none', host: '' }))).to.include({
      reason: 'PORT_POOL_UNKNOWN',
    });
    const waiting = atEast.acquireLease(ask({ wait: { seconds: 20, nanos: 0 } }), {
      deadlineMs: 30_000,
    });
    await atEast.releaseLease({ leaseId, fencingToken });
    await atEast.releaseLease({
      leaseId: (await list(atEast, { host: 'east' }))[0]?.leaseId ?? '',
      fencingToken: 0,
    });
    expect((await waiting).leases).to.have.length(1);
  });

  it('give a request the same lease, also where it comes to another broker the second time', async () => {
    await open();
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        (n % 2 === 0 ? atEast : atWest).acquireLease(ask({ requestId: 'one' })),
      ),
    );
    expect(new Set(answers.map(({ lease }) => lease?.leaseId)).size).to.equal(1);
  });

  it('show a case where it is, and once', async () => {
    await open();
    const folder = await makeCavity(join(dir, 'west'));
    const [one, two] = [
      await east.visualizations('operator', 'olga'),
      await east.visualizations('operator', 'olga', west.address),
    ];
    const request = {
      source: { $case: 'case', value: folder } as const,
      wait: undefined,
      host: '',
    };
    const first = await one.startVisualization(request, { deadlineMs: 60_000 });
    expect(first).to.include({ host: '127.0.0.2', reused: false });
    expect(first.visualization?.hostName).to.equal('west');
    expect(await two.startVisualization(request)).to.include({
      visualizationId: first.visualizationId,
      reused: true,
    });
    const none = { ...request, source: { $case: 'case', value: '/nowhere' } as const };
    expect(await failureOf(one.startVisualization(none))).to.include({ reason: 'CASE_NOT_FOUND' });
    const { visualizationId } = first;
    expect((await one.stopVisualization({ visualizationId })).visualization?.state).to.equal(
      SessionState.ENDED,
    );
  });

  it('lead to a machine’s console and to a worker from everywhere', async () => {
    await open();
    const machine = await opened.use(startVncServer());
    const [one, two] = [
      await east.vnc('operator', 'olga'),
      await east.vnc('operator', 'olga', west.address),
    ];
    const console = {
      vm: 'web',
      target: machine.target,
      gateway: false,
      allowUnreachable: false,
      wait: undefined,
    };
    const first = await one.startVncSession({ ...console, host: 'west' });
    expect(await two.startVncSession({ ...console, host: '' })).to.include({
      sessionId: first.sessionId,
    });
    const listed = await one.listVncSessions({
      host: '',
      includeEnded: false,
      pageSize: 0,
      pageToken: '',
    });
    expect(listed.sessions.map(({ vm, hostName }) => [vm, hostName])).to.deep.equal([
      ['web', 'west'],
    ]);
    expect(listed.stats).to.include({ sessions: 1 });
    const { sessionId } = first;
    expect((await one.stopVncSession({ sessionId, vm: '' })).session?.state).to.equal(
      SessionState.ENDED,
    );
    const ann = await east.compute('customer', 'ann');
    const worker = {
      worker: '',
      userInfo: undefined,
      expose: false,
      requestId: '',
      wait: undefined,
      host: 'west',
    };
    const started = await ann.startComputeSession(worker, { deadlineMs: 40_000 });
    const command = {
      sessionId: started.sessionId,
      commandJson: '{"command": "ping"}',
      timeout: undefined,
    };
    expect(await ann.sendCommand(command)).to.include({ success: true });
    const bob = await east.compute('customer', 'bob');
    expect(await failureOf(bob.sendCommand(command))).to.include({ code: status.NOT_FOUND });
  });

  it('go on for themselves while MongoDB is away, and name those that do not answer', async () => {
    const own = await opened.use(startMongod());
    await open(own.url, 'brokerProcess');
    const [named] = (await atEast.acquireLease(ask({ host: 'west' }))).leases;
    await own.kill('SIGKILL');
    east.clock.skip(CURRENT_MS);
    expect(
      (await atEast.acquireLease(ask({ host: 'east', requestId: 'a' }))).leases,
    ).to.have.length(1);
    // Known ones are still led to.
    expect(await atEast.getLease({ leaseId: named?.leaseId ?? '' })).to.have.nested.property(
      'lease.host',
      'west',
    );
    await eventually(
      async () =>
        expect((await atEast.acquireLease(ask({ requestId: 'b' }))).lease?.host).to.equal('east'),
      {
        withinMs: 20_000,
      },
    );
    await (west as BrokerProcess).service.kill('SIGKILL');
    const { pools, unreachableHosts } = await atEast.getPoolStatus({ pool: 'lab', host: '' });
    expect(pools.map(({ host }) => host)).to.deep.equal(['east']);
    expect(unreachableHosts).to.deep.equal(['west']);
    // Page by page it comes to an end as well.
    expect((await list(atEast, { pageSize: 1 })).map(({ host }) => host)).to.deep.equal([
      'east',
      'east',
    ]);
    expect(await failureOf(atEast.getLease({ leaseId: named?.leaseId ?? '' }))).to.include({
      code: status.UNAVAILABLE,
    });
  });
});
