/** `make chaos ROUNDS=60 SEED=1`: so many rounds of faults on a mesh of real processes, and a report. */
import { startChaosMesh } from './mesh.ts';
import { reportOf } from './report.ts';
import { playRound, type Round } from './round.ts';

const count = Number(process.env['ROUNDS'] ?? 2);
const first = Number(process.env['SEED'] ?? 1);
await using chaos = await startChaosMesh();
const rounds: Round[] = [];
for (let seed = first; seed < first + count; seed += 1) {
  const round = await playRound(chaos.mesh, chaos.agents, chaos.db, seed);
  rounds.push(round);
  console.log(`round ${seed}: ${round.faults.join(', ')}; ${round.violations.length} violations`);
  for (const violation of round.violations) console.log(`  ${violation}`);
}
const refusals = await chaos.db.collection('refusals').find().toArray();
console.log(
  reportOf(
    rounds,
    refusals.reduce((sum, { count: n }) => sum + Number(n), 0),
  ),
);
process.exitCode = rounds.some(({ violations }) => violations.length > 0) ? 1 : 0;
