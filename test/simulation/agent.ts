import { createHash } from 'node:crypto';
import type { DesiredState, Outcome, Report } from '#libs/contracts/agent.ts';
import type { Attempt } from '#libs/contracts/common.ts';
import { isNewer, NO_ORDER, type DesiredOrder } from '../../services/compute-agent/src/domain/desired.ts';
import {
  noReports,
  type PendingReports,
  type Unnumbered,
} from '../../services/compute-agent/src/domain/pending-reports.ts';
import { attemptKey, reconcile, type Phase } from '../../services/compute-agent/src/domain/reconcile.ts';
import { reconnectMs } from '../../services/compute-agent/src/domain/ending.ts';
import type { Managers, Stream } from './manager.ts';
import type { Process, World } from './world.ts';

interface Entry {
  workloadId: string;
  attempt: Attempt;
  phase: Phase;
}

/** A machine: the real cores of compute-agent, and an outbox that outlives its process. */
export interface Agent {
  readonly user: string;
  process: Process;
  /** Begins anew with what the outbox kept. */
  restart(): void;
  /** Dies without a word. */
  crash(): void;
  /** Its stream breaks. */
  disconnect(): void;
  /** Reports something that it was never given. */
  lie(workload: string, task: string): void;
  /** Says once more what was decided long ago. */
  repeat(): void;
}

export interface AgentOptions {
  /** Milliseconds for a task, on average. */
  taskMs: number;
  /** Which tasks fail here. */
  fails: (task: string) => boolean;
}

export const createAgent = (world: World, managers: Managers, user: string, { taskMs, fails }: AgentOptions): Agent => {
  const outbox = new Map<string, { workloadId: string; report: Unnumbered }>();
  const said: { workloadId: string; report: Unnumbered }[] = [];
  let process = world.process(user);
  let entries = new Map<string, Entry>();
  let reports: PendingReports = noReports();
  let order: DesiredOrder = NO_ORDER;
  let queue: string[] = [];
  let running: string | undefined;
  let stream: Stream | undefined;
  let failures = 0;
  let latest = '';

  const bodyOf = (workloadId: string, { task }: Attempt): NonNullable<Report['body']> =>
    fails(task)
      ? {
          $case: 'failed',
          value: {
            failureClass: 'FAILURE_CLASS_RENDER_ERROR',
            reason: 'simulated',
            seconds: taskMs / 1_000,
            logReceipt: undefined,
            names: [],
          },
        }
      : {
          $case: 'completed',
          value: {
            receipt: undefined,
            sha256: createHash('sha256').update(`${workloadId}/${task}`).digest('hex'),
            pixelHash: '',
            seconds: taskMs / 1_000,
            notes: [],
          },
        };

  const flush = (): void => {
    if (stream === undefined) return;
    const ready = reports.take(100, 1e6);
    for (const [workload, some] of Map.groupBy(ready, ({ workloadId }) => workloadId)) stream.reports(workload, some);
  };

  const finish = (key: string): void => {
    const entry = entries.get(key);
    running = undefined;
    if (entry?.phase === 'running') {
      const { workloadId, attempt } = entry;
      entry.phase = 'finished';
      const report: Unnumbered = { workloadId, attempt, body: bodyOf(workloadId, attempt) };
      outbox.set(key, { workloadId, report });
      reports.add(key, report);
      flush();
    }
    work();
  };

  const work = (): void => {
    while (running === undefined && queue.length > 0) {
      const key = queue.shift()!;
      const entry = entries.get(key);
      if (entry?.phase !== 'waiting') continue;
      entry.phase = 'running';
      running = key;
      const { workloadId, attempt } = entry;
      const ms = taskMs * (0.5 + world.random.float());
      if (ms > 200) {
        world.after(
          200,
          'has begun',
          () => {
            if (running !== key) return;
            stream?.reports(workloadId, [{ reportId: 0, workloadId, attempt, body: { $case: 'started', value: {} } }]);
          },
          process,
        );
      }
      world.after(ms, `has done ${attempt.task}`, () => (running === key ? finish(key) : undefined), process);
    }
    if (running === undefined && latest !== '') stream?.idle(latest);
  };

  const desired = (state: DesiredState): void => {
    if (!isNewer(state, order)) {
      world.count('old states ignored');
      return;
    }
    order = { claim: state.claim, reign: state.reign, counter: state.counter };
    latest = state.workloadId;
    const changes = reconcile(state, entries);
    for (const key of [...changes.stop, ...changes.forget]) {
      entries.delete(key);
      if (running === key) running = undefined;
    }
    for (const attempt of changes.start) {
      entries.set(attemptKey(state.workloadId, attempt.attempt), {
        workloadId: state.workloadId,
        attempt,
        phase: 'waiting',
      });
    }
    if (!state.adopt) queue = state.attempts.map(({ attempt }) => attemptKey(state.workloadId, attempt));
    else {
      const own = [...entries.values()].filter(
        ({ workloadId, phase }) => workloadId === state.workloadId && phase !== 'settled',
      );
      reports.hurry();
      stream?.held({ workloadId: state.workloadId, attempts: own.map(({ attempt }) => attempt), reign: state.reign });
      flush();
    }
    work();
  };

  const outcomes = (all: readonly Outcome[]): void => {
    const { done, later } = reports.decide(all, world.now(), world.random.float());
    for (const { key, isAccepted, reason } of done) {
      const kept = outbox.get(key);
      if (kept !== undefined) said.push(kept);
      if (!isAccepted && reason === 'DUPLICATE') world.count('duplicates suppressed');
      outbox.delete(key);
      const entry = entries.get(key);
      if (entry !== undefined) entry.phase = 'settled';
    }
    if (later.length > 0) wake();
  };

  const wake = (): void => {
    const due = reports.wake(world.now());
    flush();
    if (due !== undefined) world.after(Math.max(1, due - world.now()), 'reports again', wake, process);
  };

  const connect = (): void => {
    const well = managers.all.filter((each) => each.process.isAlive);
    const manager = well[Math.floor(world.random.float() * well.length)];
    const of = process;
    const opened = manager?.connect(user, {
      process: of,
      desired,
      outcomes,
      broken: () => undefined,
    });
    if (opened === undefined || manager === undefined) {
      again();
      return;
    }
    failures = 0;
    stream = opened;
    reports.restart();
    flush();
    const watch = (): void => {
      if (stream !== opened) return;
      if (!manager.process.isAlive) {
        stream = undefined;
        again();
      } else world.after(500, 'sees its stream', watch, of);
    };
    watch();
  };

  const again = (): void => {
    failures += 1;
    const ending = { kind: 'lost', reason: '', message: '', notBeforeMs: 0 } as const;
    const pause = reconnectMs(ending, failures, world.random.float());
    world.after(pause, 'connects again', () => (stream === undefined ? connect() : undefined), process);
  };

  world.after(world.random.float() * 500, 'connects', connect, process);

  return {
    user,
    get process() {
      return process;
    },
    restart: () => {
      process = world.process(user);
      entries = new Map();
      reports = noReports();
      order = NO_ORDER;
      queue = [];
      running = undefined;
      latest = '';
      for (const [key, { workloadId, report }] of outbox) {
        entries.set(key, { workloadId, attempt: report.attempt!, phase: 'finished' });
        reports.add(key, report);
      }
      world.after(world.random.float() * 1_000, 'connects', connect, process);
    },
    crash: () => {
      stream?.close(false);
      stream = undefined;
      world.kill(process);
    },
    disconnect: () => {
      if (stream === undefined) return;
      stream.close(false);
      stream = undefined;
      again();
    },
    lie: (workloadId, task) => {
      const attempt = {
        task,
        generation: 0,
        attempt: `0-${900_000 + Math.floor(world.random.float() * 1e5)}`,
        token: Buffer.alloc(16, 1),
      };
      stream?.reports(workloadId, [{ reportId: 999_999, workloadId, attempt, body: bodyOf(workloadId, attempt) }]);
    },
    repeat: () => {
      const old = said[Math.floor(world.random.float() * said.length)];
      if (old !== undefined) stream?.reports(old.workloadId, [{ reportId: 999_998, ...old.report }]);
    },
  };
};
