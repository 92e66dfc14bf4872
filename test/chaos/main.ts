/** `make chaos ROUNDS=60 SEED=1`: runs 60 rounds of faults on a mesh of real processes and prints a report. */
import { startChaosMesh } from './mesh.ts';
import { refusedIn, reportOf } from './report.ts';
import { playRound, type Round } from './round.ts';

const count = Number(process.env['ROUNDS'] ?? 2);
const first = Number(process.env['SEED'] ?? 1);

const play = async (): Promise<number> => {
  await using chaos = await startChaosMesh();
  const rounds: Round[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const round = await playRound(chaos, seed);
    rounds.push(round);
    console.log(
      `round ${seed}: ${round.faults.map(({ kind }) => kind).join(', ')}; ${round.violations.length} violations`,
    );
    for (const violation of round.violations) {
      console.log(`  ${violation}`);
    }
  }
  console.log(reportOf(rounds, await refusedIn(chaos.db)));
  return rounds.some(({ violations }) => violations.length > 0) ? 1 : 0;
};

// Without this, Node sometimes waits for ever for its own handles.
process.exit(await play());
