import { expect } from 'chai';
import { describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { SetDemandResponse, UpdateUserCount, type Demand } from '#libs/contracts/user.ts';
import { eventually } from '#libs/testing/index.ts';
import { startExchange } from './exchange.ts';

const nobody: SetDemandResponse = { users: [], entitled: 0, suitable: 0, connected: 0, barred: [] };

const demand: Demand = {
  workloadId: 'w-1',
  customerId: 'acme',
  weight: 1,
  epoch: 0,
  counter: 0,
  wanted: 1,
  needs: undefined,
  users: [],
};

/** An exchange with a slow matcher. */
const slowly = () => {
  const stated: number[] = [];
  const answered: number[] = [];
  const failures: unknown[] = [];
  const gates: PromiseWithResolvers<SetDemandResponse>[] = [];
  let counter = 0;
  const exchange = startExchange({
    demand: () => {
      counter += 1;
      return { ...demand, counter };
    },
    bus: {
      request: async (subject, bytes) => {
        // The first statement is answered at once.
        if (subject.endsWith('.more-users')) {
          return new Uint8Array();
        }
        stated.push(UpdateUserCount.decode(bytes).demand?.counter ?? 0);
        const gate = Promise.withResolvers<SetDemandResponse>();
        gates.push(gate);
        return SetDemandResponse.encode(await gate.promise).finish();
      },
    },
    clock: systemClock,
    onAnswer: (_, answeredDemand) => answered.push(answeredDemand.counter),
    onFailure: (thrown) => failures.push(thrown),
  });
  exchange.hurry('update-user-count');
  return { exchange, stated, answered, failures, gates };
};

describe('the exchange with the matcher', () => {
  it('sends one statement at a time, and merges those that wait', async () => {
    const { exchange, stated, answered, gates } = slowly();
    await eventually(() => expect(stated).to.deep.equal([2]));
    for (let i = 0; i < 100; i += 1) {
      exchange.hurry('update-user-count');
    }
    expect(answered).to.deep.equal([1]);
    gates[0]?.resolve(nobody);
    await eventually(() => expect(gates).to.have.lengthOf(2));
    gates[1]?.resolve(nobody);
    await eventually(() => expect(answered).to.deep.equal([1, 2, 3]));
    await exchange.stop();
  });

  it('tries again soon after a failure, and sends nothing after it is stopped', async () => {
    const { exchange, stated, answered, failures, gates } = slowly();
    await eventually(() => expect(gates).to.have.lengthOf(1));
    gates[0]?.reject(new Error('away'));
    await eventually(() => expect(stated).to.have.lengthOf(2), { withinMs: 1_500 });
    expect(failures).to.have.lengthOf(1);
    const stopping = exchange.stop();
    gates[1]?.resolve(nobody);
    await stopping;
    exchange.hurry('more-users');
    expect(answered).to.deep.equal([1]);
  });
});
