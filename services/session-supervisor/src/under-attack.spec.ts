import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { inParallel } from '#libs/async/index.ts';
import {
  answersMeanwhile,
  failureOf,
  type RunningService,
  startService,
  withHostileTexts,
} from '#libs/testing/index.ts';
import { type Clients, openMesh, type TestMesh } from './fixtures/mesh.ts';
import { about, firstPage, noopStart, startNoop } from './fixtures/requests.ts';

const WATCHERS = 250;

describe('session-supervisor under attack by a customer', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let service: RunningService;
  let mallory: Clients;
  let ann: Clients;
  before(async () => {
    mesh = await openMesh();
    service = await startService({ name: 'session-supervisor', env: mesh.env });
    mallory = await mesh.as('customer', 'mallory', service.address);
    ann = await mesh.as('customer', 'ann', service.address);
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  const list = { ...firstPage, customerId: '', states: [] };
  const answersAnn = (during: () => Promise<unknown>) =>
    answersMeanwhile(() => ann.workloads.listWorkloads(list), during, {
      calls: 100,
      pid: service.pid,
    });

  it('answers others while long texts come', async () => {
    const { workloads } = mallory;
    await answersAnn(async () => {
      const reasons = await withHostileTexts(
        (text) => workloads.getWorkload(about(text)),
        (pageToken) => workloads.listWorkloads({ ...list, pageToken }),
        (failingTasks) => workloads.startWorkload(noopStart({ failingTasks })),
      );
      expect([...reasons]).to.deep.equal(['INVALID_FIELDS']);
    });
  });

  it('answers others while as many watch as may, and more try', async () => {
    const id = await startNoop(mallory, { tasks: 1 });
    const leaving = new AbortController();
    const reasons: (string | undefined)[] = [];
    const watch = async (): Promise<void> => {
      const states = mallory.workloads.watchWorkload(about(id), { signal: leaving.signal });
      reasons.push((await failureOf(states[Symbol.asyncIterator]().next()))?.reason);
    };
    await answersAnn(() => inParallel(10, Array.from({ length: WATCHERS }), watch));
    expect(reasons.filter((reason) => reason === undefined)).to.have.lengthOf(100);
    expect(new Set(reasons)).to.deep.equal(new Set([undefined, 'TOO_MANY_CALLS']));
    leaving.abort();
  });
});
