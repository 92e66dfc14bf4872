import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { WatchUsersResponse } from '#libs/contracts/user.ts';
import { eventually } from '#libs/testing/index.ts';
import { connectAgent } from '../fixtures/agent.ts';
import { type Clients, startMesh, type TestMesh } from '../fixtures/mesh.ts';
import { refusal } from '../fixtures/refusal.ts';
import { openSession } from '../fixtures/session.ts';

const all = { workloadId: '', pageSize: 0, pageToken: '' };

describe('UserService', () => {
  let mesh: TestMesh;
  let operator: Clients;
  beforeEach(async () => {
    mesh = await startMesh();
    operator = await mesh.clients('operator');
  });
  afterEach(() => mesh[Symbol.asyncDispose]());

  describe('listUsers', () => {
    it('lists who is connected, by name, page by page', async () => {
      for (const name of ['c', 'a', 'b']) {
        await mesh.agent(name, { slots: 2 });
      }
      const first = await operator.users.listUsers({ ...all, pageSize: 2 });
      expect(first.users.map(({ name, state, slots }) => [name, state, slots])).to.deep.equal([
        ['a', 'USER_STATE_IDLE', 2],
        ['b', 'USER_STATE_IDLE', 2],
      ]);
      const second = await operator.users.listUsers({
        ...all,
        pageSize: 2,
        pageToken: first.nextPageToken,
      });
      expect(second.users.map(({ name }) => name)).to.deep.equal(['c']);
      expect(second.nextPageToken).to.equal('');
    });

    it('lists those of one workload', async () => {
      await mesh.agent('a');
      await mesh.agent('b');
      await using session = await openSession(mesh.bus, { workload: 'w-list', wanted: 1 });
      const { users } = await session.exchange();
      const listed = await operator.users.listUsers({ ...all, workloadId: 'w-list' });
      expect(listed.users.map(({ userId }) => userId)).to.deep.equal([users[0]?.claim?.userId]);
      expect(listed.users[0]).to.deep.include({
        state: 'USER_STATE_BUSY',
        workloadId: 'w-list',
        claim: 1,
      });
    });

    it('refuses a size out of bounds and a token of its own making', async () => {
      expect(
        await refusal(operator.users.listUsers({ ...all, pageSize: -1, pageToken: 'x' })),
      ).to.equal('INVALID_ARGUMENT INVALID_FIELDS: page_size, page_token');
    });
  });

  describe('getUser', () => {
    it('answers a connected user', async () => {
      const agent = await mesh.agent('anna', {
        engines: [{ name: 'CYCLES', version: '3.4.1', devices: [] }],
      });
      const { user } = await operator.users.getUser({ userId: agent.machine });
      expect(user).to.deep.include({
        name: 'anna',
        connectionId: agent.welcome.connectionId,
        agentVersion: '1.0',
        workloadId: '',
      });
      expect(user?.capability?.engines).to.deep.equal([
        { name: 'CYCLES', version: '3.4.1', devices: [] },
      ]);
    });

    it('refuses no id, an unknown one, and a user that has left', async () => {
      expect(await refusal(operator.users.getUser({ userId: '' }))).to.equal(
        'INVALID_ARGUMENT INVALID_FIELDS: user_id',
      );
      expect(await refusal(operator.users.getUser({ userId: 'm-none' }))).to.equal(
        'NOT_FOUND USER_NOT_CONNECTED',
      );
      const agent = await mesh.agent('anna');
      await agent.goodbye();
      await eventually(async () =>
        expect(await refusal(operator.users.getUser({ userId: agent.machine }))).to.equal(
          'NOT_FOUND USER_NOT_CONNECTED',
        ),
      );
    });
  });

  describe('watchUsers', () => {
    it('begins with everybody, says so, then tells every change', async () => {
      const anna = await mesh.agent('anna');
      const heard: WatchUsersResponse[] = [];
      const watching = (async () => {
        for await (const response of operator.users.watchUsers({})) {
          heard.push(response);
          if (response.user?.state === 'USER_STATE_DISCONNECTED') {
            break;
          }
        }
      })();
      await eventually(() => expect(heard.at(-1)?.caughtUp).to.equal(true));
      expect(heard.map(({ user }) => user?.name)).to.deep.equal(['anna', undefined]);
      await mesh.agent('bert');
      await eventually(() => expect(heard.at(-1)?.user?.name).to.equal('bert'));
      await using session = await openSession(mesh.bus, { workload: 'w-watch', wanted: 2 });
      await session.exchange();
      await eventually(() =>
        expect(
          heard
            .slice(-2)
            .map(({ user }) => `${user?.name} ${user?.workloadId}`)
            .toSorted(),
        ).to.deep.equal(['anna w-watch', 'bert w-watch']),
      );
      anna.close();
      await watching;
      expect(heard.at(-1)?.user?.userId).to.equal(anna.machine);
    });
  });

  describe('drainUser', () => {
    it('takes an idle user out of service until it connects again', async () => {
      const agent = await mesh.agent('anna');
      const { user } = await operator.users.drainUser({
        userId: agent.machine,
        mode: 'DRAIN_MODE_NOW',
      });
      expect(user?.state).to.equal('USER_STATE_DRAINING');
      await using session = await openSession(mesh.bus, { workload: 'w-drain' });
      const answer = await session.exchange();
      expect([answer.users.length, answer.suitable, answer.connected]).to.deep.equal([0, 0, 1]);
      const again = await connectAgent({ target: mesh.address, ...agent });
      await eventually(async () => expect((await session.exchange()).users).to.have.length(1));
      await again.goodbye();
    });

    for (const [mode, drain] of [
      ['DRAIN_MODE_AFTER_TASK', 'DRAIN_REQUEST_AFTER_TASK'],
      ['DRAIN_MODE_NOW', 'DRAIN_REQUEST_NOW'],
    ] as const) {
      it(`tells the session of a busy user (${mode}), who is given to nobody after that`, async () => {
        const agent = await mesh.agent('anna');
        await using session = await openSession(mesh.bus, { workload: 'w-drain' });
        const { users } = await session.exchange();
        await operator.users.drainUser({ userId: agent.machine, mode });
        await eventually(() =>
          expect(session.told.newUsers.at(-1)?.map((user) => user.drain)).to.deep.equal([drain]),
        );
        expect((await session.exchange()).users.map((user) => user.drain)).to.deep.equal([drain]);
        await session.release(users[0]!.claim!);
        expect((await session.exchange()).users).to.deep.equal([]);
      });
    }

    it('refuses no id, no mode, and somebody who is not connected', async () => {
      expect(
        await refusal(operator.users.drainUser({ userId: '', mode: 'DRAIN_MODE_UNSPECIFIED' })),
      ).to.equal('INVALID_ARGUMENT INVALID_FIELDS: user_id, mode');
      expect(
        await refusal(operator.users.drainUser({ userId: 'm-none', mode: 'DRAIN_MODE_NOW' })),
      ).to.equal('NOT_FOUND USER_NOT_CONNECTED');
    });
  });
});
