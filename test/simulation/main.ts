/** `make simulate SEEDS=20000 FIRST=1`: runs so many seeds from the first on, and reports. */
import { simulate } from './run.ts';
import { createReport } from './report.ts';

const seeds = Number(process.env['SEEDS'] ?? 200);
const first = Number(process.env['FIRST'] ?? 1);
const report = createReport();
for (let seed = first; seed < first + seeds; seed += 1) {
  const outcome = await simulate(seed);
  report.add(outcome);
  if (outcome.violation !== undefined) {
    console.log(`${outcome.violation.trace.join('\n')}\nseed ${seed}: ${outcome.violation.message}`);
    console.log(`again: make simulate SEEDS=1 FIRST=${seed}`);
    process.exit(1);
  }
}
console.log(report.text());
process.exit(report.isVoid() ? 1 : 0);
