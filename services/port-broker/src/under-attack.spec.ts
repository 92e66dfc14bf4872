import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { inParallel } from '#libs/async/index.ts';
import { answersMeanwhile, failureOf, withHostileTexts } from '#libs/testing/index.ts';
import {
  ask,
  type BrokerProcess,
  type Ports,
  preparePlace,
  startBrokerProcess,
} from './fixtures/broker.ts';

const WATCHERS = 250;

// Its archives are in visualization/archives.spec.ts.
describe('port-broker under attack by a customer', function () {
  this.timeout(60_000);
  const opened = new AsyncDisposableStack();
  let broker: BrokerProcess;
  let mallory: Ports;
  let ann: Ports;
  before(async () => {
    broker = opened.use(await startBrokerProcess(opened.use(await preparePlace())));
    mallory = await broker.as('customer', 'mallory');
    ann = await broker.as('customer', 'ann');
  });
  after(() => opened.disposeAsync());

  const answersAnn = (during: () => Promise<unknown>) =>
    answersMeanwhile(() => ann.getPoolStatus({ host: '', pool: 'lab' }), during, {
      calls: 100,
      pid: broker.service.pid,
    });

  it('answers others while long texts come', async () => {
    const compute = await broker.compute('customer', 'mallory');
    await answersAnn(async () => {
      const reasons = await withHostileTexts(
        (pool) => mallory.acquireLease(ask({ pool })),
        (holder) => mallory.acquireLease(ask({ holder })),
        (leaseId) => mallory.getLease({ leaseId }),
        (sessionId) => compute.sendCommand({ sessionId, commandJson: '{}', timeout: undefined }),
      );
      expect([...reasons]).to.deep.equal(['INVALID_FIELDS']);
    });
  });

  it('answers others while as many watch as may, more try, and leases change', async () => {
    const leaving = new AbortController();
    const reasons: (string | undefined)[] = [];
    const everything = { host: '', pool: '' };
    const watch = async (): Promise<void> => {
      const leases = mallory.watchLeases(everything, { signal: leaving.signal });
      reasons.push((await failureOf(leases[Symbol.asyncIterator]().next()))?.reason);
      if (reasons.length % 25 === 0) {
        const [lease] = (await mallory.acquireLease(ask())).leases;
        await mallory.releaseLease({ leaseId: lease!.leaseId, fencingToken: 0 });
      }
    };
    await answersAnn(() => inParallel(10, Array.from({ length: WATCHERS }), watch));
    expect(reasons.filter((reason) => reason === undefined)).to.have.lengthOf(100);
    expect(new Set(reasons)).to.deep.equal(new Set([undefined, 'TOO_MANY_CALLS']));
    leaving.abort();
  });
});
