import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { MachineLooked } from '#libs/contracts/user.ts';
import { matcherSubject } from '#libs/mesh/index.ts';
import { connectAgent } from '../fixtures/agent.ts';
import { startMesh, type TestMesh } from '../fixtures/mesh.ts';
import { refusal, refusalOf } from '../fixtures/refusal.ts';

describe('a machine whose results are not what it reported', () => {
  let mesh: TestMesh;
  before(async () => {
    mesh = await startMesh();
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  const found = async (machineId: string, what: Partial<MachineLooked>, workloadId = 'w-1') => {
    const looked = { workloadId, machineId, good: 0, miss: '', contradiction: '', ...what };
    const bytes = MachineLooked.encode(looked).finish();
    await mesh.bus.request(matcherSubject('machine-looked'), bytes, { timeoutMs: 5_000 });
  };
  const known = async (machineId: string) => {
    const { machines } = await mesh.clients('operator');
    return (await machines.getMachine({ machineId })).machine;
  };
  const contradiction = 'the picture does not decode';

  it('is barred at the third, in whichever workloads, and begins anew with its good looks before', async () => {
    const first = await mesh.agent('liar');
    const { machine } = first;
    await found(machine, { good: 4 });
    await found(machine, { contradiction });
    expect(refusalOf(await first.ended)).to.equal('UNAVAILABLE CONNECTION_LOST');
    expect(await known(machine)).to.include({ goodLooks: 0, contradictions: 1, barredReason: '' });
    await found(machine, { contradiction }, 'w-2');
    const second = await connectAgent({ target: mesh.address, ...first });
    await found(machine, { contradiction }, 'w-3');
    expect(refusalOf(await second.ended)).to.equal('UNAVAILABLE CONNECTION_LOST');
    expect(await known(machine)).to.include({
      status: 'MACHINE_STATUS_BARRED',
      barredReason: contradiction,
    });
    expect(await refusal(connectAgent({ target: mesh.address, ...first }))).to.equal(
      'PERMISSION_DENIED MACHINE_BARRED',
    );
  });

  it('makes up for it with 10 good looks', async () => {
    const { machine } = await mesh.enrol('unlucky');
    await found(machine, { contradiction });
    await found(machine, { contradiction });
    await found(machine, { good: 10 });
    await found(machine, { contradiction });
    expect(await known(machine)).to.include({ goodLooks: 0, contradictions: 1, barredReason: '' });
  });
});
