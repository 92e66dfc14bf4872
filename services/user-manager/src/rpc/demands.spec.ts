import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { type Demand, MachineLooked } from '#libs/contracts/user.ts';
import { matcherSubject } from '#libs/mesh/index.ts';
import { eventually } from '#libs/testing/index.ts';
import { type Clients, startMesh, type TestMesh } from '../fixtures/mesh.ts';
import { refusal } from '../fixtures/refusal.ts';

const demandOf = (workloadId: string, more: Partial<Demand> = {}): Demand => ({
  workloadId,
  customerId: 'alice',
  weight: 1,
  epoch: 1,
  counter: 1,
  wanted: 2,
  needs: {
    engine: 'noop',
    family: '',
    minVersion: '',
    exactVersion: '',
    memoryBytes: 0,
    barredUserIds: [],
    device: false,
    deviceMemoryBytes: 0,
  },
  users: [],
  ...more,
});

describe('DemandService', () => {
  let mesh: TestMesh;
  let service: Clients;
  beforeEach(async () => {
    mesh = await startMesh();
    service = await mesh.clients('service');
  });
  afterEach(() => mesh[Symbol.asyncDispose]());

  describe('setDemand', () => {
    it('answers who serves the session, the same when it is repeated', async () => {
      const agent = await mesh.agent('anna');
      const first = await service.demands.setDemand({ demand: demandOf('w-1') });
      expect(first.users.map(({ claim }) => claim)).to.deep.equal([
        { userId: agent.machine, connectionId: agent.welcome.connectionId, claim: 1 },
      ]);
      expect(await service.demands.setDemand({ demand: demandOf('w-1') })).to.deep.equal(first);
    });

    it('names machines that were barred, so that every session can take back what they made', async () => {
      const { machine } = await mesh.agent('anna');
      const looked = {
        workloadId: 'w-2',
        machineId: machine,
        good: 0,
        miss: 'others agree',
        contradiction: '',
      };
      const bytes = MachineLooked.encode(looked).finish();
      await mesh.bus.request(matcherSubject('machine-looked'), bytes, { timeoutMs: 5_000 });
      let counter = 0;
      await eventually(async () => {
        counter += 1;
        const { barred } = await service.demands.setDemand({
          demand: demandOf('w-1', { counter }),
        });
        expect(barred).to.deep.equal([{ machineId: machine, reason: 'others agree' }]);
      });
    });

    it('refuses an earlier epoch, and an earlier counter of the same', async () => {
      await service.demands.setDemand({ demand: demandOf('w-1', { epoch: 3, counter: 5 }) });
      const state = (epoch: number, counter: number) =>
        refusal(service.demands.setDemand({ demand: demandOf('w-1', { epoch, counter }) }));
      expect(await state(2, 9)).to.equal('FAILED_PRECONDITION STALE_EPOCH');
      expect(await state(3, 4)).to.equal('FAILED_PRECONDITION STALE_EPOCH');
      expect(await state(4, 0)).to.equal('OK');
    });

    it('names every field that is wrong', async () => {
      expect(await refusal(service.demands.setDemand({ demand: undefined }))).to.equal(
        'INVALID_ARGUMENT INVALID_FIELDS: demand',
      );
      const wrong = demandOf('w.>', {
        customerId: 'two words',
        weight: 0,
        wanted: 100_001,
        users: [{ userId: '', connectionId: 'c-1', claim: 1 }],
      });
      expect(await refusal(service.demands.setDemand({ demand: wrong }))).to.equal(
        'INVALID_ARGUMENT INVALID_FIELDS: demand.workload_id, demand.customer_id, demand.wanted, demand.weight, demand.users[0].user_id',
      );
    });
  });

  describe('removeDemand', () => {
    it('frees the users and refuses late statements', async () => {
      const agent = await mesh.agent('anna');
      await service.demands.setDemand({ demand: demandOf('w-1') });
      const end = { workloadId: 'w-1', epoch: 1, counter: 2 };
      await service.demands.removeDemand(end);
      await service.demands.removeDemand(end);
      const { users } = await mesh.clients('operator');
      const { user } = await users.getUser({ userId: agent.machine });
      expect(user?.state).to.equal('USER_STATE_IDLE');
      expect(await refusal(service.demands.setDemand({ demand: demandOf('w-1') }))).to.equal(
        'FAILED_PRECONDITION STALE_EPOCH',
      );
    });

    it('refuses a malformed id and an earlier owner', async () => {
      expect(
        await refusal(service.demands.removeDemand({ workloadId: '', epoch: 0, counter: 0 })),
      ).to.equal('INVALID_ARGUMENT INVALID_FIELDS: workload_id');
      await service.demands.setDemand({ demand: demandOf('w-1') });
      expect(
        await refusal(service.demands.removeDemand({ workloadId: 'w-1', epoch: 0, counter: 9 })),
      ).to.equal('FAILED_PRECONDITION STALE_EPOCH');
    });
  });

  describe('listDemands', () => {
    it('lists by workload, page by page, with how each is met', async () => {
      await mesh.agent('anna');
      for (const id of ['w-c', 'w-a', 'w-b']) {
        await service.demands.setDemand({ demand: demandOf(id) });
      }
      const { demands } = await mesh.clients('operator');
      const first = await demands.listDemands({ pageSize: 2, pageToken: '' });
      expect(first.demands.map(({ demand }) => demand?.workloadId)).to.deep.equal(['w-a', 'w-b']);
      const second = await demands.listDemands({ pageSize: 2, pageToken: first.nextPageToken });
      expect(
        second.demands.map(({ demand, assigned, entitled }) => [
          demand?.workloadId,
          assigned,
          entitled,
        ]),
      ).to.deep.equal([['w-c', 1, 1]]);
      expect(second.nextPageToken).to.equal('');
    });

    it('refuses a size out of bounds and a token of its own making', async () => {
      expect(
        await refusal(service.demands.listDemands({ pageSize: 1_001, pageToken: 'x' })),
      ).to.equal('INVALID_ARGUMENT INVALID_FIELDS: page_size, page_token');
    });
  });

  it('answers NO_MATCHER while no user-manager matches', async () => {
    await mesh.database.collection<{ _id: string }>('matcher').deleteMany({});
    await mesh.database
      .collection<{ _id: string; leader: string; term: number }>('matcher')
      .insertOne({
        _id: 'matcher',
        leader: 'i-elsewhere',
        term: 9,
      });
    await mesh.database
      .collection<{ _id: string; beat: number; info: object }>('managers')
      .insertOne({ _id: 'i-elsewhere', beat: 1, info: {} });
    const ends = Date.now() + 2_500;
    let last = 'OK';
    while (last === 'OK' && Date.now() < ends) {
      last = await refusal(service.demands.listDemands({ pageSize: 0, pageToken: '' }));
    }
    expect(last).to.equal('UNAVAILABLE NO_MATCHER');
  });
});
