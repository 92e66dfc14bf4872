import { createAgent } from './agent.ts';
import { createDatabase } from './database.ts';
import { startManager } from './manager.ts';
import { createNetwork } from './network.ts';
import { startSupervisor } from './supervisor.ts';
import { createWorld } from './world.ts';

/** How long a workload took, and the lower bound: every user works without a pause until all is done. */
interface Finish {
  seconds: number;
  boundSeconds: number;
}

const USERS = 100;
const TASKS = 2_000;
const MEDIAN_TASK_MS = 2_000;
/** Of the logarithm of the users' speeds. */
const SIGMA = 0.7;
const VANISH = 0.1;
const LATEST_MS = 3_600_000;

/** The earliest time at which users with these times per task, each present from `from` until `until`, can have done so many tasks. */
const lowerBoundMs = (
  users: readonly { taskMs: number; from: number; until: number }[],
  tasks: number,
): number => {
  const done = (at: number): number =>
    users.reduce(
      (sum, { taskMs, from, until }) => sum + Math.max(0, Math.min(at, until) - from) / taskMs,
      0,
    );
  let [low, high] = [0, LATEST_MS];
  while (high - low > 1) {
    const middle = (low + high) / 2;
    if (done(middle) < tasks) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return high;
};

/** One workload of 2,000 tasks, done by 100 users of mixed speed, a tenth of whom vanish without a word in the middle. */
export const measureFinish = async (seed: number): Promise<Finish> => {
  using world = createWorld(seed);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - world.random.float())) *
    Math.cos(2 * Math.PI * world.random.float());
  const network = createNetwork(world);
  const database = createDatabase(world, {
    runningWorkloads: 1,
    users: USERS,
    weight: 1,
    parkedWorkloads: 100,
  });
  const managers = [startManager(world, network, database, 'manager-1')];
  const supervisor = startSupervisor(world, network, database, 'supervisor-1');
  const users = Array.from({ length: USERS }, (_, i) => {
    const taskMs = MEDIAN_TASK_MS * Math.exp(SIGMA * normal());
    const user = `user-${i}`;
    database.enrol(user);
    return {
      taskMs,
      agent: createAgent(world, user, {
        managers: () => managers,
        taskMs,
        fails: () => false,
        claims: () => undefined,
      }),
    };
  });
  const settle = async (until: () => boolean): Promise<void> => {
    while (world.now() < LATEST_MS && !until() && (await world.step())) {}
  };
  await settle(() => world.now() > 2_000);
  const from = world.now();
  let id: string | undefined;
  const start = async (): Promise<void> => {
    id = await supervisor.start('alice', { tasks: TASKS }, USERS, 'r-1');
  };
  void start();
  const expected = (TASKS * MEDIAN_TASK_MS) / USERS;
  const workers = users.map(({ taskMs, agent }, i) => {
    const until = i < USERS * VANISH ? from + expected * world.random.float() : LATEST_MS;
    if (until < LATEST_MS) {
      world.after(until - from, 'vanishes', () => agent.vanish());
    }
    return { taskMs, from, until };
  });
  await settle(
    () => id !== undefined && database.workloads.get(id)?.projection.phase === 'completed',
  );
  return {
    seconds: (world.now() - from) / 1_000,
    boundSeconds: (lowerBoundMs(workers, TASKS) - from) / 1_000,
  };
};
