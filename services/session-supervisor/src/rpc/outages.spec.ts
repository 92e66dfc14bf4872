import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import {
  eventually,
  startMongod,
  startNats,
  type TestMongod,
  type TestStore,
} from '#libs/testing/index.ts';
import { openMesh, type Clients, type TestMesh } from '../fixtures/mesh.ts';
import { about, ended, firstPage, noopStart, refusal, startNoop } from '../fixtures/requests.ts';

const DEADLINE_MS = 10_000;

/** The error that a caller gets. */
const outcome = async (call: Promise<unknown>): Promise<unknown> => {
  const began = performance.now();
  const thrown = await call.then(
    () => undefined,
    (error: unknown) =>
      error as { reason: string; metadata: Record<string, string>; retryAfterMs?: number },
  );
  expect(performance.now() - began, 'answered in time').to.be.below(DEADLINE_MS);
  if (thrown === undefined) {
    return 'answered';
  }
  const { reason, metadata, retryAfterMs } = thrown;
  return { reason, dependency: metadata['dependency'], saysWhen: (retryAfterMs ?? 0) > 0 };
};

const away = (dependency: string): unknown => ({
  reason: 'DEPENDENCY_UNAVAILABLE',
  dependency,
  saysWhen: true,
});

describe('while a dependency is away', function () {
  this.timeout(60_000);
  let mongod: TestMongod;
  let nats: TestStore;
  let mesh: TestMesh;
  let someone: Clients;
  let operator: Clients;
  let id: string;
  beforeEach(async () => {
    [mongod, nats] = await Promise.all([startMongod(), startNats()]);
    mesh = await openMesh({ urls: { mongo: mongod.url, nats: nats.url } });
    await mesh.start();
    someone = await mesh.as('customer', 'acme');
    operator = await mesh.as('operator', 'olga');
    id = await startNoop(someone, { tasks: 30 });
    await eventually(() => expect(mesh.users.demands.has(id)).to.equal(true));
  });
  afterEach(async () => {
    await mesh[Symbol.asyncDispose]();
    await Promise.all([mongod[Symbol.asyncDispose](), nats[Symbol.asyncDispose]()]);
  });

  const reads = () => {
    const { workloads } = someone;
    return {
      status: workloads.getWorkloadStatus(about(id)),
      progress: workloads.getWorkloadProgress({ ...about(id), ...firstPage }),
      get: workloads.getWorkload(about(id)),
      users: workloads.getUserCount(about(id)),
      tasks: workloads.listTasks({ ...about(id), states: [], ...firstPage }),
      results: workloads.listResults({ ...about(id), afterRevision: 0, ...firstPage }),
      explain: workloads.explainWorkload(about(id)),
      list: workloads.listWorkloads({ customerId: '', states: [], ...firstPage }),
      byCustomer: workloads.getWorkload(about('')),
      getCustomer: operator.customers.getCustomer({ customerId: 'acme' }),
      listCustomers: operator.customers.listCustomers(firstPage),
    };
  };
  const commands = () => {
    const { workloads } = someone;
    return {
      pause: workloads.pauseWorkload({ ...about(id), requestId: '' }),
      resume: workloads.resumeWorkload({ ...about(id), requestId: '' }),
      wanted: workloads.setUserCount({ ...about(id), wanted: 3, requestId: '' }),
    };
  };
  const outcomes = async (
    calls: Record<string, Promise<unknown>>,
  ): Promise<Record<string, unknown>> =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(calls).map(async ([name, call]) => [name, await outcome(call)] as const),
      ),
    );
  const comesBack = async (): Promise<void> => {
    await eventually(
      async () => {
        for (const [name, told] of Object.entries(await outcomes({ ...reads(), ...commands() }))) {
          if (name !== 'getCustomer') {
            expect(told, name).to.equal('answered');
          }
        }
      },
      { withinMs: 20_000 },
    );
    // The workload works now, in whatever order the commands came.
    await someone.workloads.resumeWorkload({ ...about(id), requestId: '' });
    mesh.users.assign(id, 'u1');
    await Promise.all([ended(someone, id), mesh.users.finishAll(id, 'u1')]);
  };

  it('MongoDB: every rpc says so within its deadline, and recovers by itself', async () => {
    await mongod.kill('SIGKILL');
    const plan = {
      customerId: 'acme',
      displayName: '',
      plan: undefined,
      createTime: undefined,
      updateTime: undefined,
    };
    const all = {
      ...reads(),
      ...commands(),
      start: someone.workloads.startWorkload(noopStart()),
      stop: someone.workloads.stopAndDeleteWorkload({
        ...about(id),
        deleteResults: false,
        requestId: '',
      }),
      watch: Array.fromAsync(someone.workloads.watchWorkload(about(id))),
      put: operator.customers.putCustomer({ customer: plan, updateMask: undefined }),
    };
    for (const [name, told] of Object.entries(await outcomes(all))) {
      expect(told, name).to.deep.equal(away('mongodb'));
    }
    await mongod.restart();
    await comesBack();
  });

  it('frozen MongoDB: every rpc says so within its deadline, and recovers by itself', async () => {
    await mongod.kill('SIGSTOP');
    try {
      const told = await outcomes({ ...reads(), ...commands() });
      for (const [name, each] of Object.entries(told)) {
        expect(each, name).to.deep.equal(away('mongodb'));
      }
    } finally {
      await mongod.kill('SIGCONT');
    }
    await comesBack();
  });

  it('NATS: commands say so, reads and starts work without it, and everything recovers by itself', async () => {
    await nats.kill('SIGKILL');
    for (const [name, told] of Object.entries(await outcomes(commands()))) {
      expect(told, name).to.deep.equal(away('nats'));
    }
    for (const [name, told] of Object.entries(await outcomes(reads()))) {
      if (name !== 'getCustomer') {
        expect(told, name).to.equal('answered');
      }
    }
    const other = await mesh.as('customer', 'other');
    expect(await refusal(other.workloads.startWorkload(noopStart()))).to.equal('answered');
    await nats.restart();
    await comesBack();
  });
});
