/**
 * Measures how fast work is handed out and recorded. Noop tasks of 0 ms go through the real services, real streams and a
 * journaled mongod. One agent process holds eight streams.
 *
 * Prints tasks per second from Start to the last acknowledgement, the time from an idle user to a recorded result, and memory.
 */
import { line, machine, percentile, rssKb, spreadOf, version } from './report.ts';
import { startMesh, type Mesh } from '../test/harness/mesh.ts';
import { ended, start } from '../test/harness/work.ts';
import type { Clients } from '../test/harness/clients.ts';
import { noopSpec } from '#libs/testing/index.ts';

const TASKS = 20_000;
const ROUNDS = Number(process.argv[2] ?? 7);
const SINGLES = 200;
const STREAMS = 8;

/** Tasks per second of one workload, measured by the times in its journal. */
const round = async (customer: Clients): Promise<number> => {
  const workload = await ended(
    customer,
    await start(customer, { noop: noopSpec({ tasks: TASKS }) }),
  );
  if (workload.completed !== TASKS) {
    throw new Error(`only ${workload.completed} of ${TASKS} tasks are done`);
  }
  const ms = (workload.endTime?.getTime() ?? NaN) - (workload.createTime?.getTime() ?? NaN);
  return (TASKS / ms) * 1_000;
};

/** Milliseconds from the start of a workload of one task to its recorded result, with idle users. */
const single = async (customer: Clients): Promise<number> => {
  const workload = await ended(customer, await start(customer, { noop: noopSpec({ tasks: 1 }) }));
  return (workload.endTime?.getTime() ?? NaN) - (workload.createTime?.getTime() ?? NaN);
};

const report = async (mesh: Mesh, agentPid: number): Promise<void> => {
  const customer = await mesh.customer('bench');
  await round(customer);
  const rates: number[] = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    rates.push(await round(customer));
  }
  const singles: number[] = [];
  for (let i = 0; i < SINGLES; i += 1) {
    singles.push(await single(customer));
  }
  const pids = {
    'session-supervisor': mesh.services.supervisor.pid,
    'user-manager': mesh.services.manager.pid,
    'compute-agent': agentPid,
  };
  const memory = await Promise.all(
    Object.entries(pids).map(
      async ([name, pid]) => `${name} ${Math.round((await rssKb(pid)) / 1_024)} MB`,
    ),
  );
  console.log(
    `dispatch: ${TASKS} noop tasks of 0 ms, one agent process with ${STREAMS} streams, journaled mongod`,
  );
  console.log(`machine: ${machine()}`);
  console.log(
    `versions: node ${process.version}, ${version('.tools/bin/mongod', '--version')}, ${version('.tools/bin/nats-server', '--version')}`,
  );
  console.log(line('tasks/s, Start to last acknowledgement', spreadOf(rates), '/s'));
  console.log(
    `idle user to recorded, Start included       p50 ${percentile(singles, 0.5)} ms, p99 ${percentile(singles, 0.99)} ms (n ${SINGLES})`,
  );
  console.log(`memory at the end: ${memory.join(', ')}`);
};

await using mesh = await startMesh();
const agent = await mesh.agent('bench', { streams: STREAMS });
await report(mesh, agent.pid);
