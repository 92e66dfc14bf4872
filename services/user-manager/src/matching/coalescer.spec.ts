import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createCoalescer } from './coalescer.ts';

const start = () => {
  let runs = 0;
  const gates: PromiseWithResolvers<void>[] = [];
  const failures: unknown[] = [];
  const coalescer = createCoalescer(
    () => {
      runs += 1;
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      return gate.promise;
    },
    (thrown) => failures.push(thrown),
  );
  return { coalescer, gates, failures, runs: () => runs };
};

const turn = () => new Promise(setImmediate);

describe('createCoalescer', () => {
  it('runs once for all requests of a turn, and once more for those that came while it ran', async () => {
    const { coalescer, gates, runs } = start();
    coalescer.request();
    coalescer.request();
    await turn();
    expect(runs()).to.equal(1);
    coalescer.request();
    coalescer.request();
    const settled = coalescer.settled();
    gates[0]?.resolve();
    await turn();
    expect(runs()).to.equal(2);
    gates[1]?.resolve();
    await settled;
    await turn();
    expect(runs()).to.equal(2);
  });

  it('tells those who wait that it failed, and runs again when asked', async () => {
    const { coalescer, gates, failures, runs } = start();
    coalescer.request();
    const settled = coalescer.settled().then(
      () => 'fine',
      (thrown: unknown) => thrown,
    );
    await turn();
    gates[0]?.reject(new Error('away'));
    expect(await settled).to.be.instanceOf(Error);
    expect(failures).to.have.length(1);
    coalescer.request();
    await turn();
    expect(runs()).to.equal(2);
  });

  it('lets everybody go when it is stopped', async () => {
    const { coalescer, runs } = start();
    coalescer.request();
    const settled = coalescer.settled();
    coalescer.stop();
    await settled;
    await turn();
    expect(runs()).to.equal(0);
    await coalescer.settled();
  });
});
