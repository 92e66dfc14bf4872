/**
 * Measures what idle agents cost user-manager: the memory and processor time of 2,000 streams.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMesh } from '../test/harness/mesh.ts';
import { handAgent, type HandAgent } from '../test/harness/hand-agent.ts';
import { line, machine, rssKb, spreadOf } from './report.ts';

const AGENTS = Number(process.argv[2] ?? 2_000);
const AT_ONCE = 50;
const WATCHED_SECONDS = 20;

/** Processor time so far in seconds; a tick is 10 ms. */
const cpuSeconds = async (pid: number): Promise<number> => {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

await using mesh = await startMesh();
const { pid } = mesh.services.manager;
const connectMany = async (from: number, to: number): Promise<HandAgent[]> => {
  const agents: HandAgent[] = [];
  for (let i = from; i < to; i += AT_ONCE) {
    const names = Array.from({ length: Math.min(AT_ONCE, to - i) }, (_, j) => `idle-${i + j}`);
    agents.push(...(await Promise.all(names.map((name) => handAgent(mesh, name)))));
  }
  return agents;
};

// The first agents warm the process up, so their cost is not that of one more agent.
await connectMany(0, 100);
await sleep(2_000);
const before = await rssKb(pid);
const began = performance.now();
await connectMany(100, AGENTS);
const connected = performance.now() - began;
await sleep(5_000);
const perAgent = ((await rssKb(pid)) - before) / (AGENTS - 100);
const shares: number[] = [];
for (let i = 0; i < WATCHED_SECONDS; i += 5) {
  const start = await cpuSeconds(pid);
  await sleep(5_000);
  shares.push((((await cpuSeconds(pid)) - start) / 5) * 100);
}
console.log(`idle agents: ${AGENTS} streams on one user-manager`);
console.log(`machine: ${machine()}, node ${process.version}`);
console.log(
  `memory of one more agent                     ${perAgent.toFixed(0)} KB (n ${AGENTS - 100})`,
);
console.log(line('processor time of all of them', spreadOf(shares), '% of a core'));
console.log(
  `connecting                                   ${((AGENTS - 100) / (connected / 1_000)).toFixed(0)} agents/s, enrolment included`,
);
process.exit(0);
