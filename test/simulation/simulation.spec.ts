import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createReport } from './report.ts';
import { simulate } from './run.ts';

const SEEDS = 2_000;

describe('a simulated mesh', function () {
  // It computes for about 80 s, and shares the machine with whoever is there.
  this.timeout(900_000);

  it('is the same twice for the same seed', async () => {
    const [first, second] = [await simulate(7), await simulate(7)];
    expect(second.hash).to.equal(first.hash);
    expect(second.steps).to.equal(first.steps);
    expect((await simulate(8)).hash).to.not.equal(first.hash);
  });

  it(`keeps its promises over ${SEEDS} seeds of faults, and does all there is to do once they stop`, async () => {
    const report = createReport();
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const outcome = await simulate(seed);
      const { violation } = outcome;
      if (violation !== undefined) {
        throw new Error(
          `seed ${seed} (make simulate SEEDS=1 FIRST=${seed} shows its trace): ${violation.message}`,
        );
      }
      report.add(outcome);
    }
    expect(report.isVoid(), report.text()).to.equal(false);
  });
});
