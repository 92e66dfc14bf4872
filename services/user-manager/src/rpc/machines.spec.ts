import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { eventually } from '#libs/testing/index.ts';
import { connectAgent } from '../fixtures/agent.ts';
import { type Clients, startMesh, type TestMesh } from '../fixtures/mesh.ts';
import { refusal, refusalOf } from '../fixtures/refusal.ts';
import { openSession } from '../fixtures/session.ts';

const asked = (name: string, requestId = '', tokenTtlSeconds = 0) => ({
  name,
  requestId,
  tokenTtlSeconds,
});

const lifeOf = async ({ machines }: Clients, ttl: number): Promise<number> => {
  const { token } = await machines.createMachine(asked(`life-${ttl}`, '', ttl));
  const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as {
    exp: number;
    iat: number;
  };
  return claims.exp - claims.iat;
};

describe('MachineService', () => {
  let mesh: TestMesh;
  let operator: Clients;
  before(async () => {
    mesh = await startMesh();
    operator = await mesh.clients('operator');
  });
  after(() => mesh[Symbol.asyncDispose]());

  describe('createMachine', () => {
    it('enrols a machine whose token connects its agent', async () => {
      const { machine, token } = await operator.machines.createMachine(asked('ada'));
      expect(machine).to.deep.include({
        name: 'ada',
        status: 'MACHINE_STATUS_AVAILABLE',
        lastSeenTime: undefined,
      });
      expect(machine?.machineId).to.match(/^m-[a-z0-9]{16}$/);
      const agent = await connectAgent({
        target: mesh.address,
        machine: machine!.machineId,
        token,
      });
      expect(agent.welcome.userId).to.equal(machine?.machineId);
      await agent.goodbye();
    });

    it('gives the token the life that was asked for, 30 days by default', async () => {
      expect(await lifeOf(operator, 0)).to.equal(30 * 86_400);
      expect(await lifeOf(operator, 60)).to.equal(60);
    });

    it('answers a repeated request_id with the same machine and a token that works', async () => {
      const first = await operator.machines.createMachine(asked('bert', 'r-1'));
      const again = await operator.machines.createMachine(asked('bert', 'r-1'));
      expect(again.machine).to.deep.equal(first.machine);
      const agent = await connectAgent({
        target: mesh.address,
        machine: again.machine!.machineId,
        token: again.token,
      });
      await agent.goodbye();
    });

    it('refuses a request_id that came with another request', async () => {
      await operator.machines.createMachine(asked('cleo', 'r-2'));
      expect(await refusal(operator.machines.createMachine(asked('carl', 'r-2')))).to.equal(
        'INVALID_ARGUMENT REQUEST_ID_REUSED',
      );
      expect(await refusal(operator.machines.createMachine(asked('cleo', 'r-2', 60)))).to.equal(
        'INVALID_ARGUMENT REQUEST_ID_REUSED',
      );
    });

    it('refuses a name that is taken, also of two at the same time', async () => {
      const answers = await Promise.all([
        refusal(operator.machines.createMachine(asked('dora'))),
        refusal(operator.machines.createMachine(asked('dora', 'r-3'))),
      ]);
      expect(answers.sort()).to.deep.equal(['ALREADY_EXISTS MACHINE_NAME_TAKEN', 'OK']);
    });

    it('names every field that is wrong', async () => {
      const wrong = { name: 'a\nb', tokenTtlSeconds: 3_651 * 86_400, requestId: 'x'.repeat(65) };
      expect(await refusal(operator.machines.createMachine(wrong))).to.equal(
        'INVALID_ARGUMENT INVALID_FIELDS: name, token_ttl_seconds, request_id',
      );
      expect(await refusal(operator.machines.createMachine(asked('')))).to.equal(
        'INVALID_ARGUMENT INVALID_FIELDS: name',
      );
      expect(await refusal(operator.machines.createMachine(asked('x'.repeat(65))))).to.equal(
        'INVALID_ARGUMENT INVALID_FIELDS: name',
      );
    });
  });

  describe('getMachine', () => {
    it('tells what a machine does and when it was seen', async () => {
      const agent = await mesh.agent('emil');
      const status = async (): Promise<string | undefined> =>
        (await operator.machines.getMachine({ machineId: agent.machine })).machine?.status;
      expect(await status()).to.equal('MACHINE_STATUS_AVAILABLE');
      await using session = await openSession(mesh.bus, { workload: 'w-get-machine' });
      await session.exchange();
      expect(await status()).to.equal('MACHINE_STATUS_BUSY');
      await operator.users.drainUser({ userId: agent.machine, mode: 'DRAIN_MODE_AFTER_TASK' });
      expect(await status()).to.equal('MACHINE_STATUS_MAINTENANCE');
      await agent.goodbye();
      await eventually(async () => expect(await status()).to.equal('MACHINE_STATUS_AVAILABLE'));
      const { machine } = await operator.machines.getMachine({ machineId: agent.machine });
      expect(machine?.lastSeenTime?.getTime()).to.be.closeTo(Date.now(), 10_000);
    });

    it('refuses an empty and an unknown id', async () => {
      expect(await refusal(operator.machines.getMachine({ machineId: '' }))).to.equal(
        'INVALID_ARGUMENT INVALID_FIELDS: machine_id',
      );
      expect(await refusal(operator.machines.getMachine({ machineId: 'm-none' }))).to.equal(
        'NOT_FOUND MACHINE_NOT_FOUND',
      );
    });
  });

  describe('listMachines', () => {
    it('lists by name, page by page', async () => {
      await using other = await startMesh();
      const { machines } = await other.clients('operator');
      for (const name of ['c', 'a', 'b']) {
        await machines.createMachine(asked(name));
      }
      const first = await machines.listMachines({ pageSize: 2, pageToken: '' });
      expect(first.machines.map(({ name }) => name)).to.deep.equal(['a', 'b']);
      const second = await machines.listMachines({ pageSize: 2, pageToken: first.nextPageToken });
      expect(second.machines.map(({ name }) => name)).to.deep.equal(['c']);
      expect(second.nextPageToken).to.equal('');
    });

    it('refuses a size out of bounds and a token of its own making', async () => {
      expect(
        await refusal(operator.machines.listMachines({ pageSize: 1_001, pageToken: 'x' })),
      ).to.equal('INVALID_ARGUMENT INVALID_FIELDS: page_size, page_token');
    });
  });

  describe('deleteMachine', () => {
    it('ends the stream at once, and the token works no longer', async () => {
      const agent = await mesh.agent('finn');
      await using session = await openSession(mesh.bus, { workload: 'w-delete' });
      expect((await session.exchange()).users.map(({ name }) => name)).to.deep.equal(['finn']);
      await operator.machines.deleteMachine({ machineId: agent.machine });
      expect(refusalOf(await agent.ended)).to.equal('PERMISSION_DENIED MACHINE_UNKNOWN');
      await eventually(() =>
        expect(session.told.disconnected.map(({ userId }) => userId)).to.include(agent.machine),
      );
      expect(await refusal(connectAgent({ target: mesh.address, ...agent }))).to.equal(
        'PERMISSION_DENIED MACHINE_UNKNOWN',
      );
      expect(await refusal(operator.users.getUser({ userId: agent.machine }))).to.equal(
        'NOT_FOUND USER_NOT_CONNECTED',
      );
    });

    it('frees the name', async () => {
      const { machine } = await mesh.enrol('gina');
      await operator.machines.deleteMachine({ machineId: machine });
      expect(await refusal(mesh.enrol('gina'))).to.equal('OK');
    });

    it('refuses an empty and an unknown id', async () => {
      expect(await refusal(operator.machines.deleteMachine({ machineId: '' }))).to.equal(
        'INVALID_ARGUMENT INVALID_FIELDS: machine_id',
      );
      expect(await refusal(operator.machines.deleteMachine({ machineId: 'm-none' }))).to.equal(
        'NOT_FOUND MACHINE_NOT_FOUND',
      );
    });
  });
});
