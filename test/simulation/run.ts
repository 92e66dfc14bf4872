import type { SessionCommand } from '#libs/contracts/session.ts';
import type { NoopNode } from '../../services/session-supervisor/src/kinds/noop/noop.ts';
import { createAgent, type Agent } from './agent.ts';
import { CLAIMS, createChecker } from './checker.ts';
import { createDatabase, type Database } from './database.ts';
import { startManager, type Manager } from './manager.ts';
import { createNetwork } from './network.ts';
import { oneStep, randomSteps, stepsOf } from './steps.ts';
import { startSupervisor, type Supervisor } from './supervisor.ts';
import { createWorld, type World } from './world.ts';

/** What came of one seed. */
export interface Outcome {
  seed: number;
  steps: number;
  faults: number;
  virtualMs: number;
  hash: string;
  counts: ReadonlyMap<string, number>;
  /** What was violated, with the trace; undefined if nothing was. */
  violation: { message: string; trace: string[] } | undefined;
}

const SLOTS = 1;
const AGENTS = 5;
const BUSY_MS = 12_000;
const QUIET_MS = 90_000;
/** Whoever died is noticed and replaced by then. */
const RECOVERED_MS = 10_000;

/** Runs one seed: two or more replicas of each service, customers who send commands, and faults; then quiet, in which all must end. */
export const simulate = async (seed: number): Promise<Outcome> => {
  using world = createWorld(seed);
  const below = (n: number): number => Math.floor(world.random.float() * n);
  const pick = <T>(list: readonly T[]): T | undefined => list[below(list.length)];
  const network = createNetwork(world);
  const plan = { runningWorkloads: SLOTS, users: 10, weight: 1, parkedWorkloads: 100 };
  const database = createDatabase(world, plan);
  network.onRequest((subject, bytes) => guard(() => checker.sent(subject, bytes)));
  const liar = `user-${below(AGENTS)}`;
  const supervisors: Supervisor[] = [];
  const managers: Manager[] = [];
  const agents: Agent[] = [];
  const isOneHonest = (): boolean =>
    agents.some(({ user, process: { hasVanished } }) => user !== liar && !hasVanished);
  const checker = createChecker({ database, slots: SLOTS, now: () => world.now(), isOneHonest });
  const ids: string[] = [];
  let faults = 0;
  const trouble: { first: Error | undefined } = { first: undefined };
  let isQuiet = false;
  let serial = 0;

  const supervise = (): void => {
    serial += 1;
    supervisors.push(startSupervisor(world, network, database, `supervisor-${serial}`));
  };
  const manage = (): void => {
    serial += 1;
    managers.push(startManager(world, network, database, `manager-${serial}`));
  };
  const living = (): Supervisor[] => supervisors.filter(({ process }) => process.isAlive);
  const livingManagers = (): Manager[] => managers.filter(({ process }) => process.isAlive);
  const guard = (fn: () => void): void => {
    try {
      fn();
    } catch (thrown) {
      trouble.first ??= thrown as Error;
    }
  };

  /** A client asks a replica. Without an answer, the outcome is unknown. */
  const ask = async (
    what: string,
    by: (supervisor: Supervisor) => Promise<void>,
  ): Promise<void> => {
    const supervisor = pick(living());
    if (supervisor === undefined) {
      return;
    }
    world.note(`client ${what} at ${supervisor.process.name}`);
    try {
      await by(supervisor);
    } catch {
      world.count('commands without an answer');
    }
  };
  const command = (
    id: string,
    message: SessionCommand['command'],
    requestId: string,
  ): Promise<void> =>
    ask(`${message?.$case} ${id}`, async (supervisor) => {
      await supervisor.command(id, { requestId, command: message });
      guard(() => {
        // To stop what is stopped already leaves no trace.
        if (message?.$case === 'stop') {
          checker.stopped(id);
        } else if (requestId !== '') {
          checker.acknowledged(id, requestId);
        }
      });
    });
  const anyWaiting = (id: string): [task: string, generation: number] | undefined => {
    const waiting = below(3) === 0 ? undefined : pick([...checker.model(id).unruled]);
    return waiting && [waiting[0], Math.max(0, waiting[1] - below(2))];
  };
  const rule = (
    id: string,
    [task, generation]: readonly [string, number],
    approved: boolean,
  ): void => {
    const value = { task, generation, approved, by: 'customer c', reason: '' };
    void command(id, { $case: 'rule', value }, `r-${below(1e9)}`);
  };
  const work = (): { tasks: number; nodes?: NoopNode[] } => {
    const tasks = 3 + below(25);
    const nodes = randomSteps(below, tasks)?.map((step) => ({ ...step, durationMs: 1 }));
    return nodes === undefined ? { tasks } : { tasks: 0, nodes };
  };
  /** The node of some step of a workload. */
  const stepIn = (id: string): string => {
    const header = database.workloads.get(id);
    return pick(header === undefined ? oneStep : stepsOf(header))?.id ?? '';
  };
  const start = (customer: string): Promise<void> =>
    ask(`start for ${customer}`, async (supervisor) => {
      const queues = below(3) > 0;
      const request = `r-${below(1e9)}`;
      const id = await supervisor.start(customer, work(), 1 + below(5), request, queues);
      if (id !== undefined && !ids.includes(id)) {
        ids.push(id);
      }
    });
  const look = (id: string): Promise<void> =>
    ask(`look at ${id}`, async (supervisor) => {
      const view = await supervisor.view(id);
      if (view !== undefined) {
        guard(() => checker.shown(id, view));
      }
    });

  const act = (): void => {
    if (isQuiet) {
      return;
    }
    world.after(150 + below(700), 'acts', act);
    const id = pick(ids);
    const requestId = below(4) === 0 ? '' : `r-${below(1e9)}`;
    if (id === undefined || below(6) === 0) {
      return void start(pick(['alice', 'bob']) ?? 'alice');
    }
    if (below(2) === 0) {
      return void look(id);
    }
    const step = stepIn(id);
    switch (below(10)) {
      case 0:
        return void command(id, { $case: 'pause', value: {} }, requestId);
      case 1:
      case 2:
        return void command(id, { $case: 'resume', value: {} }, requestId);
      case 3:
      case 4:
        return void command(id, { $case: 'setWanted', value: { wanted: below(6) } }, requestId);
      case 5:
        return void command(
          id,
          { $case: 'stop', value: { deleteResults: below(8) === 0 } },
          requestId,
        );
      case 6:
        return void command(
          id,
          { $case: 'retry', value: { tasks: pick(['', `${step}/0`, `${step}/0-2`]) ?? '' } },
          requestId,
        );
      case 7: {
        const damaged = [{ task: `${step}/${below(3)}`, generation: below(2) }];
        return void command(id, { $case: 'repair', value: { damaged, reason: 'missing' } }, '');
      }
      case 8:
        // Somebody who looked a while ago may mean an earlier result.
        return rule(id, anyWaiting(id) ?? [`${step}/${below(3)}`, below(2)], below(4) > 0);
      default:
        pick(agents)?.lie(id, `${step}/${below(5)}`);
        return undefined;
    }
  };

  const fault = (what: string): void => {
    faults += 1;
    world.count(`faults: ${what}`);
    world.note(`FAULT ${what}`);
  };
  const later = (what: string, fn: () => void, ms = 500 + below(6_000)): void =>
    void world.after(ms, what, fn);

  const harm = (): void => {
    if (isQuiet) {
      return;
    }
    world.after(500 + below(2_500), 'harms', harm);
    const supervisor = pick(living());
    const manager = pick(livingManagers());
    const agent = pick(agents.filter(({ process }) => process.isAlive));
    const process = pick([supervisor?.process, manager?.process, agent?.process]);
    switch (below(10)) {
      case 0:
        if (supervisor === undefined) {
          return;
        }
        fault('supervisor killed');
        world.kill(supervisor.process);
        return later('supervisor returns', supervise);
      case 1:
        if (manager === undefined) {
          return;
        }
        fault('manager killed');
        world.kill(manager.process);
        return later('manager returns', manage);
      case 2:
        if (agent === undefined) {
          return;
        }
        if (below(2) === 0) {
          fault('agent vanished');
          agent.vanish();
          // A machine takes its time to come back; some never do.
          return below(3) === 0
            ? undefined
            : later('machine returns', () => agent.restart(), 10_000 + below(3_000));
        }
        fault('agent killed');
        agent.crash();
        return later('agent returns', () => (agent.process.isAlive ? undefined : agent.restart()));
      case 3:
      case 4:
        if (process === undefined) {
          return;
        }
        fault('process frozen');
        world.freeze(process);
        return later('thaw', () => world.thaw(process), 500 + below(12_000));
      case 5:
        if (process === undefined) {
          return;
        }
        fault('partition');
        network.cut(process);
        return later('partition ends', () => network.mend(process));
      case 6:
        fault('database away');
        database.away(true);
        return later('database is back', () => database.away(false), 200 + below(4_000));
      case 7:
        fault('database unsure');
        database.lossy(0.15);
        return later('database is sure', () => database.lossy(0));
      case 8:
        fault('network lossy');
        network.lossy(0.1);
        return later('network is well', () => network.lossy(0));
      default:
        if (agent === undefined) {
          return;
        }
        fault('stream broken');
        agent.disconnect();
        agent.repeat();
    }
  };

  /** From now on there are no faults, every process is there, and customers want everything done. */
  const calm = (): void => {
    isQuiet = true;
    world.note('QUIET');
    network.lossy(0);
    database.lossy(0);
    database.away(false);
    for (const { process } of [...supervisors, ...managers, ...agents]) {
      network.mend(process);
      if (process.isFrozen) {
        world.thaw(process);
      }
    }
    for (const agent of agents) {
      if (!agent.process.isAlive && !agent.process.hasVanished) {
        agent.restart();
      }
    }
    world.after(0, 'has all done', encourage);
    world.after(RECOVERED_MS, 'has recovered', () => checker.calm());
  };
  const encourage = (): void => {
    // Processes that tried to start while the database was away have died.
    while (living().length < 2) {
      supervise();
    }
    while (livingManagers().length < 2) {
      manage();
    }
    // Includes workloads whose start was never answered.
    for (const id of database.workloads.keys()) {
      const { isOver, phase, unruled } = checker.model(id);
      if (isOver) {
        continue;
      }
      if (phase.startsWith('paused')) {
        void command(id, { $case: 'resume', value: {} }, '');
      }
      void command(id, { $case: 'setWanted', value: { wanted: 5 } }, '');
      for (const waiting of unruled) {
        rule(id, waiting, below(8) > 0);
      }
    }
    world.after(5_000, 'has all done', encourage);
  };

  supervise();
  supervise();
  manage();
  manage();
  const bad = below(AGENTS);
  for (let i = 0; i < AGENTS; i += 1) {
    const user = `user-${i}`;
    database.enrol(user);
    const taskMs = 30 * Math.exp(2.5 * world.random.float());
    const fails = (task: string): boolean =>
      i === bad && Number(task.slice(task.indexOf('/') + 1)) % 3 === 0;
    const claims = (): (typeof CLAIMS)[number] | undefined =>
      user === liar && isOneHonest() && below(3) === 0 ? pick(CLAIMS) : undefined;
    agents.push(createAgent(world, user, { managers: livingManagers, taskMs, fails, claims }));
  }
  world.after(1_500, 'acts', act);
  world.after(2_500, 'harms', harm);
  world.after(BUSY_MS, 'calms', calm);

  const hasEnded = (): boolean => {
    if (!isQuiet) {
      return false;
    }
    return (
      [...database.workloads.values()].every(
        ({ _id, owner }) => owner === null && checker.model(_id).isOver,
      ) && agents.every(({ user, process: { isAlive } }) => checker.isIdle(user, isAlive))
    );
  };
  const fatal = (thrown: unknown): void => {
    trouble.first ??= thrown instanceof Error ? thrown : new Error(String(thrown));
  };
  process.on('uncaughtException', fatal);
  try {
    while (
      trouble.first === undefined &&
      world.now() < BUSY_MS + QUIET_MS &&
      (await world.step())
    ) {
      guard(() => checker.step());
      if (isQuiet && world.now() > BUSY_MS + 8_000 && hasEnded()) {
        break;
      }
    }
    if (trouble.first === undefined) {
      guard(() => checker.quiet(agents));
    }
  } catch (thrown) {
    fatal(thrown);
  } finally {
    process.off('uncaughtException', fatal);
    for (const { process: each } of [...supervisors, ...managers, ...agents]) {
      world.kill(each);
    }
    world.end();
  }
  return {
    seed,
    steps: world.steps(),
    faults,
    virtualMs: world.now(),
    hash: world.hash(),
    counts: world.counts,
    violation: violationOf(trouble.first, world, database),
  };
};

const violationOf = (
  first: Error | undefined,
  world: World,
  database: Database,
): Outcome['violation'] => {
  if (first === undefined) {
    return undefined;
  }
  const journals = [...database.journals].flatMap(([id, documents]) => [
    `journal of ${id}: ${JSON.stringify(database.workloads.get(id))}`,
    ...documents.map(({ n, by, entries }) => `  ${n} ${by} ${JSON.stringify(entries)}`),
  ]);
  return { message: first.stack ?? first.message, trace: [...world.trace(), ...journals] };
};
