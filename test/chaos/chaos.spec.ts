import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { startChaosMesh, type ChaosMesh } from './mesh.ts';
import { refusedIn, reportOf } from './report.ts';
import { playRound, type Round } from './round.ts';

const ROUND_MS = 120_000;

describe('chaos on real processes', () => {
  const rounds: Round[] = [];
  let chaos: ChaosMesh;

  before(async () => {
    chaos = await startChaosMesh();
  });
  after(() => chaos[Symbol.asyncDispose]());

  for (const seed of [1, 2]) {
    it(`loses nothing, does nothing twice and ends: round ${seed}`, async () => {
      const round = await playRound(chaos, seed);
      rounds.push(round);
      expect(round.violations).to.deep.equal([]);
      expect(round.faults).to.have.length.above(2);
    }).timeout(ROUND_MS);
  }

  it('did enough to prove something', async () => {
    const report = reportOf(rounds, await refusedIn(chaos.db));
    console.log(report);
    const hits = rounds.flatMap(({ faults }) => faults).filter(({ appends }) => appends > 0);
    expect(hits.length, report).to.be.above(0);
    expect(rounds.every(({ asked, shown }) => asked.ok > 0 && shown > 0)).to.equal(true);
  });
});
