/** `make simulate SEEDS=20000 FIRST=1`: runs so many seeds from the first on, and reports. */
import { measureFinish } from './finish.ts';
import { simulate } from './run.ts';
import { createReport } from './report.ts';

const seeds = Number(process.env['SEEDS'] ?? 200);
const first = Number(process.env['FIRST'] ?? 1);
const report = createReport();
for (let seed = first; seed < first + seeds; seed += 1) {
  const outcome = await simulate(seed);
  report.add(outcome);
  if (outcome.violation !== undefined) {
    console.log(
      `${outcome.violation.trace.join('\n')}\nseed ${seed}: ${outcome.violation.message}`,
    );
    console.log(`again: make simulate SEEDS=1 FIRST=${seed}`);
    process.exit(1);
  }
}
console.log(report.text());
const ratios: number[] = [];
for (let seed = 1; seed <= 7; seed += 1) {
  const { seconds, boundSeconds } = await measureFinish(seed);
  ratios.push(seconds / boundSeconds);
}
ratios.sort((a, b) => a - b);
const [least, middle, most] = [ratios[0], ratios[3], ratios[6]].map((ratio) => ratio?.toFixed(3));
console.log(
  `finish over lower bound, 100 users, 10 % vanish, 2,000 tasks: median ${middle} (${least} to ${most}, n 7; aim 1.25)`,
);
process.exit(report.isVoid() ? 1 : 0);
