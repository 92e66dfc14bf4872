import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { isDomainError, status as grpc } from '#libs/errors/index.ts';
import { serviceArguments } from '#libs/embedded/index.ts';
import { eventually } from '#libs/testing/index.ts';
import { ask, closed, listen, type Ports, type TestBroker } from './fixtures/broker.ts';
import { opensPerTest } from './fixtures/opened.ts';

const SECOND = { seconds: 1, nanos: 0 };

/** The reason of a refusal. */
const refused = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
  } catch (thrown) {
    if (isDomainError(thrown)) {
      return thrown.reason;
    }
    throw thrown;
  }
  return 'answered';
};

describe('port-broker', function () {
  this.timeout(30_000);
  const opened = opensPerTest();
  let broker: TestBroker;
  let ann: Ports;
  let operator: Ports;
  beforeEach(async () => {
    broker = await opened.broker();
    [ann, operator] = [await broker.as('customer', 'ann'), await broker.as('operator', 'olga')];
  });

  const acquire = async (of: Ports, more: Parameters<typeof ask>[0] = {}) =>
    (await of.acquireLease(ask(more))).leases;
  const status = async () => (await operator.getPoolStatus({ host: '', pool: 'lab' })).pools[0]!;

  it('leases each port of a pool once, however many ask at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, async () => {
        try {
          return (await acquire(operator))[0]!.port;
        } catch (thrown) {
          return isDomainError(thrown) ? thrown.reason : 'something else';
        }
      }),
    );
    const ports = answers.filter((answer) => typeof answer === 'number');
    expect(new Set(ports).size).to.equal(6);
    expect(ports).to.have.length(6);
    expect(new Set(answers.filter((answer) => typeof answer === 'string'))).to.deep.equal(
      new Set(['PORT_POOL_EXHAUSTED']),
    );
    expect(await status()).to.include({
      total: 6,
      leased: 6,
      free: 0,
      utilisation: 100,
      isHealthy: true,
      host: 'here',
    });
  });

  it('answers nothing that a kill -9 takes back, and goes on with the same leases', async () => {
    const killable = await opened.brokerProcess();
    ann = await killable.as('customer', 'ann');
    const [lease] = await acquire(ann, { requestId: 'r-1', holder: 'a viewer' });
    await killable.service.kill('SIGKILL');
    await killable.service.restart();
    ann = await killable.as('customer', 'ann');
    const { leases } = await ann.listLeases({
      host: '',
      pool: '',
      includeEnded: false,
      pageSize: 0,
      pageToken: '',
    });
    expect(leases).to.have.length(1);
    expect(leases[0]).to.deep.include({ ...lease, expireTime: leases[0]!.expireTime });
    expect((await acquire(ann, { requestId: 'r-1', holder: 'a viewer' }))[0]?.leaseId).to.equal(
      lease!.leaseId,
    );
    const { leaseId, fencingToken } = lease!;
    await ann.renewLease({ leaseId, fencingToken, ttl: undefined });
    await ann.releaseLease({ leaseId, fencingToken });
    const [next] = await acquire(ann, { port: lease!.port });
    expect(next!.fencingToken).to.be.above(fencingToken);
    expect(await refused(ann.renewLease({ leaseId, fencingToken, ttl: undefined }))).to.equal(
      'LEASE_ENDED',
    );
    const outdated = ann.renewLease({ leaseId: next!.leaseId, fencingToken, ttl: undefined });
    expect(await refused(outdated)).to.equal('FENCING_TOKEN_OUTDATED');
  });

  it('loads no driver of MongoDB where it has nobody to announce itself to', () => {
    const recorder = `
      import { registerHooks } from 'node:module';
      registerHooks({ load: (url, context, next) => (url.includes('/mongodb/') && console.log(url), next(url, context)) });
      await import(${JSON.stringify(new URL('service.ts', import.meta.url).href)});
      console.log('loaded');`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', recorder], {
      encoding: 'utf8',
    });
    expect(stdout.trim()).to.equal('loaded');
  });

  it('refuses a second broker on its folder, and says so', () => {
    const { status: code, stderr } = spawnSync(process.execPath, serviceArguments('port-broker'), {
      env: { ...process.env, ...broker.env },
      encoding: 'utf8',
    });
    expect(code).to.not.equal(0);
    expect(stderr).to.match(/MUSTER_PORT_DATA.*another broker works in/);
  });

  it('refuses pools that overlap, or that the kernel uses, naming the setting', () => {
    const start = (pools: string): string =>
      spawnSync(process.execPath, serviceArguments('port-broker'), {
        env: { ...process.env, ...broker.env, MUSTER_PORT_POOLS: pools },
        encoding: 'utf8',
      }).stderr;
    expect(start('vnc=6100-6999,compute=6560-6589')).to.match(
      /vnc \(6100-6999\) and compute \(6560-6589\) overlap/,
    );
    expect(start('lab=40000-40010')).to.include('net.ipv4.ip_local_port_range');
    expect(start('lab=10')).to.include('no range of ports');
    expect(start('lab=10-19:share=0')).to.include("'share=0' must be 1 to 10");
  });

  it('never gives out a port on which a stranger listens, and takes it back when that has gone', async () => {
    const stranger = await listen(broker.first);
    const ports = (await acquire(ann, { count: 5 })).map(({ port }) => port);
    expect(ports).to.not.include(broker.first);
    expect(await refused(acquire(ann))).to.equal('PORT_POOL_EXHAUSTED');
    expect(await refused(acquire(ann, { port: broker.first }))).to.equal('PORT_TAKEN');
    expect(await status()).to.deep.include({ foreign: 1, foreignPorts: [broker.first], leased: 5 });
    const waiting = acquire(ann, { wait: { seconds: 20, nanos: 0 } });
    await closed(stranger);
    expect((await waiting)[0]?.port).to.equal(broker.first);
  });

  it('takes a port whose holder still listens when the lease ends for somebody else’s', async () => {
    const [lease] = await acquire(ann);
    const holder = await listen(lease!.port);
    await ann.releaseLease({ leaseId: lease!.leaseId, fencingToken: 0 });
    expect(await status()).to.deep.include({ foreign: 1, foreignPorts: [lease!.port], leased: 0 });
    await closed(holder);
    const { becameFree } = await operator.reconcile({ host: '' });
    expect(becameFree).to.deep.equal([lease!.port]);
  });

  it('releases what a customer holds, however many calls of the same customer wait for it', async () => {
    const held = await acquire(ann, { count: 6 });
    const wait = { seconds: 20, nanos: 0 };
    const left = new AbortController();
    const { signal } = left;
    const waiting = Array.from({ length: 20 }, () =>
      ann.acquireLease(ask({ wait, count: 6 }), { signal }),
    );
    const ends = Promise.allSettled(waiting);
    await eventually(async () => expect(await status()).to.include({ waiting: 20 }));
    await Promise.all(held.map(({ leaseId }) => ann.releaseLease({ leaseId, fencingToken: 0 })));
    expect((await Promise.race(waiting)).leases).to.have.length(6);
    left.abort();
    await ends;
  });

  it('serves those who wait in their order, and lets one go who goes away', async () => {
    const all = await acquire(operator, { count: 6 });
    const wait = { seconds: 20, nanos: 0 };
    const gone = new AbortController();
    const first = refused(operator.acquireLease(ask({ wait, count: 2 }), { signal: gone.signal }));
    await eventually(async () => expect(await status()).to.include({ waiting: 1 }));
    const second = acquire(operator, { wait });
    await eventually(async () => expect(await status()).to.include({ waiting: 2 }));
    await operator.releaseLease({ leaseId: all[0]!.leaseId, fencingToken: 0 });
    expect(await status()).to.include({ waiting: 2, free: 1 });
    gone.abort();
    expect((await second)[0]?.port).to.equal(all[0]!.port);
    expect(await first).to.equal('CANCELLED');
    expect(await refused(acquire(operator, { wait: SECOND }))).to.equal('PORT_POOL_EXHAUSTED');
  });

  it('ends a lease that nobody renews, and tells who watches', async () => {
    const seen: string[] = [];
    const until = new AbortController();
    const watching = (async () => {
      for await (const { lease } of operator.watchLeases(
        { host: '', pool: 'lab' },
        { signal: until.signal },
      )) {
        seen.push(
          lease === undefined
            ? 'all told'
            : `${lease.port - broker.first} ${lease.state} ${lease.endReason}`,
        );
      }
    })().catch(() => undefined);
    await eventually(() => expect(seen).to.deep.equal(['all told']));
    await acquire(ann, { ttl: SECOND });
    await eventually(() =>
      expect(seen).to.deep.equal([
        'all told',
        '0 LEASE_STATE_HELD LEASE_END_REASON_UNSPECIFIED',
        '0 LEASE_STATE_ENDED LEASE_END_REASON_EXPIRED',
      ]),
    );
    until.abort();
    await watching;
    expect(await status()).to.include({ leased: 0, free: 6 });
  });

  it('lets a customer have half of a pool unless it is configured otherwise, and operators all of it', async () => {
    const shared = await opened.brokerProcess({ pools: (first) => `lab=${first}-${first + 5}` });
    const connect = async () => {
      [ann, operator] = [await shared.as('customer', 'ann'), await shared.as('operator', 'olga')];
    };
    await connect();
    await acquire(ann, { count: 2 });
    const [third] = await acquire(ann);
    const error = await ann.acquireLease(ask()).catch((thrown: unknown) => thrown);
    expect(isDomainError(error) && error).to.include({
      code: grpc.RESOURCE_EXHAUSTED,
      reason: 'PORT_SHARE_USED',
    });
    expect(String(error)).to.include('3 of the 3 ports that one customer may have of pool lab');
    const own = (await ann.getPoolStatus({ host: '', pool: 'lab' })).pools[0];
    expect(own).to.include({ ownLeases: 3, maxPerCustomer: 3, leased: 3, free: 3 });
    await shared.service.kill('SIGKILL');
    await shared.service.restart();
    await connect();
    expect(await refused(acquire(ann))).to.equal('PORT_SHARE_USED');
    const waiting = acquire(ann, { wait: { seconds: 20, nanos: 0 } });
    await eventually(async () => expect(await status()).to.include({ waiting: 1 }));
    const bob = await shared.as('customer', 'bob');
    const [behind] = await acquire(bob, { wait: SECOND });
    await bob.releaseLease({ leaseId: behind!.leaseId, fencingToken: 0 });
    await ann.releaseLease({ leaseId: third!.leaseId, fencingToken: 0 });
    expect(await waiting).to.have.length(1);
    expect(await acquire(operator, { count: 3 })).to.have.length(3);
    expect(await status()).to.include({ ownLeases: 3, leased: 6 });
  });

  it('lets customers see and change their own leases only', async () => {
    const bob = await broker.as('customer', 'bob');
    const [lease] = await acquire(ann);
    const { leaseId, fencingToken } = lease!;
    expect(await refused(bob.getLease({ leaseId }))).to.equal('LEASE_NOT_FOUND');
    expect(await refused(bob.renewLease({ leaseId, fencingToken, ttl: undefined }))).to.equal(
      'LEASE_NOT_FOUND',
    );
    expect(await refused(bob.releaseLease({ leaseId, fencingToken }))).to.equal('LEASE_NOT_FOUND');
    const page = { host: '', pool: '', includeEnded: true, pageSize: 0, pageToken: '' };
    expect((await bob.listLeases(page)).leases).to.deep.equal([]);
    expect(await refused(bob.reconcile({ host: '' }))).to.equal('ROLE_NOT_ALLOWED');
    expect((await operator.listLeases(page)).leases.map(({ owner }) => owner)).to.deep.equal([
      'ann',
    ]);
    await operator.releaseLease({ leaseId, fencingToken: 0 });
    expect((await ann.getLease({ leaseId })).lease).to.include({
      state: 'LEASE_STATE_ENDED',
      endReason: 'LEASE_END_REASON_RELEASED',
    });
  });

  it('names everything that is wrong with a request, and changes nothing', async () => {
    const wrong = ask({
      ttl: { seconds: 7_200, nanos: 0 },
      count: 101,
      holder: 'x'.repeat(201),
      requestId: 'x'.repeat(65),
    });
    const error = await ann.acquireLease(wrong).catch((thrown: unknown) => thrown);
    expect(isDomainError(error) && error.violations.map(({ field }) => field)).to.deep.equal([
      'ttl',
      'count',
      'holder',
      'request_id',
    ]);
    expect(await refused(ann.acquireLease(ask({ pool: 'none' })))).to.equal('PORT_POOL_UNKNOWN');
    expect(await refused(ann.acquireLease(ask({ port: 1 })))).to.equal('PORT_NOT_IN_POOL');
    expect(await refused(ann.acquireLease(ask({ pool: '' })))).to.equal('INVALID_FIELDS');
    await acquire(ann, { requestId: 'r' });
    expect(await refused(acquire(ann, { requestId: 'r', count: 2 }))).to.equal('REQUEST_ID_REUSED');
    expect(await status()).to.include({ leased: 1 });
  });
});
