import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import { systemRandom } from '#libs/random/index.ts';
import { noopSpec } from '#libs/testing/index.ts';
import type { Clients } from '../harness/clients.ts';
import { handAgent, type HandAgent } from '../harness/hand-agent.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';
import { usersUntil } from '../harness/users.ts';
import { customerOf, named, start } from '../harness/work.ts';

const USERS = 6;
const TASK_MS = 100;

/** A long workload and its customer. */
interface Running {
  clients: Clients;
  id: string;
}

describe('customers that want more users than there are', function () {
  this.timeout(30_000);
  let mesh: Mesh;
  let agents: HandAgent[];
  let running: Running[] = [];

  before(async () => {
    mesh = await startMesh();
    agents = await Promise.all(
      Array.from({ length: USERS }, (_, i) => handAgent(mesh, `user-${i}`)),
    );
    for (const agent of agents) {
      agent.goToWork(TASK_MS);
    }
  });
  after(async () => {
    for (const agent of agents) {
      agent[Symbol.dispose]();
    }
    await mesh[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const { clients, id } of running) {
      await clients.workloads.stopAndDeleteWorkload({
        ...named(id),
        deleteResults: false,
        requestId: '',
      });
    }
    running = [];
    await usersUntil(mesh.operator, (users) => users.every(({ workloadId }) => workloadId === ''));
  });

  /** Starts a workload of a new customer that lasts longer than the test. */
  const begin = async (wantedUsers = 100, weight = 1): Promise<string> => {
    const customer = systemRandom.id('customer');
    const plan = customerOf(customer, { weight });
    await mesh.operator.customers.putCustomer({ customer: plan, updateMask: undefined });
    const clients = await mesh.customer(customer);
    const id = await start(clients, { noop: noopSpec({ tasks: 100_000 }) }, { wantedUsers });
    running.push({ clients, id });
    return id;
  };
  /** Resolves when each workload has this number of users. */
  const divided = async (shares: Record<string, number>): Promise<void> => {
    await usersUntil(mesh.operator, (users) =>
      Object.entries(shares).every(
        ([id, count]) => users.filter(({ workloadId }) => workloadId === id).length === count,
      ),
    );
  };

  it('share them, even if the second customer comes while the first holds all users', async () => {
    const first = await begin();
    await divided({ [first]: 6 });
    await Promise.all(agents.map((agent) => agent.attempt(first)));
    const second = await begin();
    await divided({ [first]: 3, [second]: 3 });
    const third = await begin();
    await divided({ [first]: 2, [second]: 2, [third]: 2 });
    const working = (id: string): HandAgent[] =>
      agents.filter((agent) => agent.work().workload === id);
    await agents[0]!.until(() => [first, second, third].every((id) => working(id).length === 2));
  });

  it('share them by weight', async () => {
    const light = await begin(100, 1);
    await divided({ [light]: 6 });
    const heavy = await begin(100, 2);
    await divided({ [light]: 2, [heavy]: 4 });
  });

  it('leave users that they do not want to others, and take users that others leave', async () => {
    const modest = await begin(1);
    const greedy = await begin();
    await divided({ [modest]: 1, [greedy]: 5 });
    const { clients, id } = running.pop()!;
    expect(id).to.equal(greedy);
    await running[0]!.clients.workloads.setUserCount({
      ...named(modest),
      wanted: 100,
      requestId: '',
    });
    await divided({ [modest]: 3, [greedy]: 3 });
    await clients.workloads.stopAndDeleteWorkload({
      ...named(id),
      deleteResults: false,
      requestId: '',
    });
    await divided({ [modest]: 6, [greedy]: 0 });
  });

  it('never have the same user at the same time', async () => {
    // The messages to each user, in order.
    const told = new Map(
      agents.map((agent) => [agent, [] as { workload: string; claim: number; count: number }[]]),
    );
    let isOver = false;
    const watching = agents[0]!.until(() => {
      for (const [agent, states] of told) {
        const { workloadId: workload = '', claim = 0, attempts = [] } = agent.desired() ?? {};
        states.push({ workload, claim, count: attempts.length });
      }
      return isOver;
    }, 30_000);
    const [first, second] = [await begin(), await begin()];
    await divided({ [first]: 3, [second]: 3 });
    const third = await begin();
    await divided({ [first]: 2, [second]: 2, [third]: 2 });
    const users = await usersUntil(mesh.operator, () => true);
    const sessionOf = new Map(users.map(({ userId, workloadId }) => [userId, workloadId]));
    await agents[0]!.until(() =>
      agents.every((agent) => agent.work().workload === sessionOf.get(agent.machine)),
    );
    isOver = true;
    await watching;
    for (const states of told.values()) {
      for (const [i, state] of states.entries()) {
        const before_ = states[i - 1];
        if (before_ === undefined || before_.workload === state.workload) {
          continue;
        }
        expect(state.claim, 'another session comes with another claim').to.be.above(before_.claim);
        expect(before_.count, 'the former session took its work back first').to.equal(0);
      }
    }
  });
});
