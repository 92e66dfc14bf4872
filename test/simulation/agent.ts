import {
  FailureClass,
  type DesiredState,
  type FailureClassName,
  type Outcome,
  type Report,
} from '#libs/contracts/agent.ts';
import type { ResumePoint } from '#libs/contracts/agent.ts';
import type { Attempt } from '#libs/contracts/common.ts';
import { completedBody, failedBody, helloOf, noopSha256 } from '#libs/testing/index.ts';
import {
  isNewer,
  NO_ORDER,
  type DesiredOrder,
} from '../../services/compute-agent/src/domain/desired.ts';
import {
  noReports,
  type PendingReports,
  type Unnumbered,
} from '../../services/compute-agent/src/domain/pending-reports.ts';
import {
  attemptKey,
  reconcile,
  type Phase,
} from '../../services/compute-agent/src/domain/reconcile.ts';
import { endingOf, reconnectMs } from '../../services/compute-agent/src/domain/ending.ts';
import type { AgentCall } from './call.ts';
import type { Manager } from './manager.ts';
import type { Process, World } from './world.ts';

interface Entry {
  workloadId: string;
  attempt: Attempt;
  phase: Phase;
  /** Where it goes on. */
  resume?: ResumePoint | undefined;
  /** Whether its tasks make checkpoints. */
  isResumable: boolean;
}

interface AgentOptions {
  /** Where it may connect. */
  managers: () => readonly Manager[];
  /** Milliseconds for a task, on average. */
  taskMs: number;
  /** Which tasks fail here. */
  fails: (task: string) => boolean;
  /** What it says of the input in place of doing a task, if it does. */
  claims: () => FailureClassName | undefined;
}

/** Whether the tasks of a node make checkpoints, as its work says. */
const isResumable = ({ work }: DesiredState, task: string): boolean =>
  work?.kind?.$case === 'noop' &&
  work.kind.value.nodes.some(
    ({ id, checkpointMs }) => task.startsWith(`${id}/`) && checkpointMs !== undefined,
  );

/** A stream that lived for so long was a good one. */
const GOOD_MS = 10_000;

export type Agent = ReturnType<typeof createAgent>;

/** A machine: the real decisions of compute-agent, and an outbox that outlives its process. */
export const createAgent = (
  world: World,
  user: string,
  { managers, taskMs, fails, claims }: AgentOptions,
) => {
  const outbox = new Map<string, { workloadId: string; report: Unnumbered }>();
  const said: { workloadId: string; report: Unnumbered }[] = [];
  let process = world.process(user);
  let entries = new Map<string, Entry>();
  let reports: PendingReports = noReports();
  let order: DesiredOrder = NO_ORDER;
  let queue: string[] = [];
  let running: string | undefined;
  let call: AgentCall | undefined;
  let isWelcome = false;
  let isSuperseded = false;
  let failures = 0;
  /** On its disk, so it outlives the process. */
  let streams = 0;

  const bodyOf = (
    workloadId: string,
    { task }: Attempt,
    resume?: ResumePoint,
  ): NonNullable<Report['body']> => {
    const claim = claims();
    if (claim !== undefined) {
      world.count('lies about the input');
      return failedBody({ failureClass: FailureClass[claim], reason: 'a lie', names: ['CYCLES'] });
    }
    return fails(task)
      ? failedBody()
      : completedBody({
          sha256: noopSha256(workloadId, task),
          seconds: taskMs / 1_000,
          resumedAttempt: resume?.madeBy,
        });
  };

  const say = (
    workloadId: string,
    attempt: Attempt,
    reportId: number,
    body: NonNullable<Report['body']>,
  ): void => {
    if (isWelcome) {
      call?.send({
        $case: 'reports',
        value: { reports: [{ reportId, workloadId, attempt, body }] },
      });
    }
  };

  const flush = (): void => {
    const ready = isWelcome ? reports.take(100, 1e6) : [];
    if (ready.length > 0) {
      call?.send({ $case: 'reports', value: { reports: ready } });
    }
  };

  /** Says how far a task is, now and then an earlier point too. */
  const checkpoint = (key: string): void => {
    const entry = entries.get(key);
    if (running !== key || entry?.phase !== 'running') {
      return;
    }
    const { workloadId, attempt, resume } = entry;
    const position = (resume?.position ?? 0) + (world.random.float() < 0.2 ? 0 : 1);
    const value = { receipt: undefined, position, name: `${position} ms` };
    reports.add(`${key} at ${position}`, {
      workloadId,
      attempt,
      body: { $case: 'checkpointed', value },
    });
    world.count('checkpoints');
    flush();
  };

  const finish = (key: string, body?: NonNullable<Report['body']>): void => {
    const entry = entries.get(key);
    running = undefined;
    if (entry?.phase === 'running') {
      const { workloadId, attempt, resume } = entry;
      entry.phase = 'finished';
      const report: Unnumbered = {
        workloadId,
        attempt,
        body: body ?? bodyOf(workloadId, attempt, resume),
      };
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
      if (entry?.phase !== 'waiting') {
        continue;
      }
      entry.phase = 'running';
      running = key;
      const { workloadId, attempt } = entry;
      const ms = taskMs * (0.5 + world.random.float());
      if (ms > 200) {
        const begun = (): void => {
          if (running === key) {
            say(workloadId, attempt, 0, { $case: 'started', value: {} });
          }
        };
        world.after(200, 'has begun', begun, process);
      }
      if (entry.isResumable) {
        world.after(ms / 2, 'makes a checkpoint', () => checkpoint(key), process);
      }
      const done = (): void => (running === key ? finish(key) : undefined);
      world.after(ms, `has done ${attempt.task}`, done, process);
    }
  };

  const desired = (state: DesiredState): void => {
    if (!isNewer(state, order)) {
      world.count('old states ignored');
      return;
    }
    order = { claim: state.claim, epoch: state.epoch, counter: state.counter };
    const changes = reconcile(state, entries);
    for (const key of [...changes.stop, ...changes.forget]) {
      entries.delete(key);
      if (running === key) {
        running = undefined;
      }
    }
    for (const attempt of changes.start) {
      entries.set(attemptKey(state.workloadId, attempt.attempt), {
        workloadId: state.workloadId,
        attempt,
        phase: 'waiting',
        resume: state.handover?.resumes.find((point) => point.attempt === attempt.attempt),
        isResumable: isResumable(state, attempt.task),
      });
    }
    for (const attempt of state.handover?.yielding ?? []) {
      const key = attemptKey(state.workloadId, attempt);
      world.count('asked to yield');
      const value = { reason: 'asked by the mesh', seconds: 0 };
      const yields = (): void =>
        running === key ? finish(key, { $case: 'yielded', value }) : undefined;
      world.after(5, 'yields', yields, process);
    }
    if (!state.adopt) {
      queue = state.attempts.map(({ attempt }) => attemptKey(state.workloadId, attempt));
    } else {
      const own = [...entries.values()].filter(
        ({ workloadId, phase }) => workloadId === state.workloadId && phase !== 'decided',
      );
      reports.hurry();
      const { workloadId, epoch } = state;
      call?.send({
        $case: 'held',
        value: { workloadId, attempts: own.map(({ attempt }) => attempt), epoch },
      });
      flush();
    }
    work();
  };

  const outcomes = (all: readonly Outcome[]): void => {
    const { done, later } = reports.decide(all, world.now(), world.random.float());
    for (const { key, isAccepted, reason } of done) {
      const kept = outbox.get(key);
      if (kept !== undefined) {
        said.push(kept);
      }
      if (!isAccepted && reason === 'DUPLICATE') {
        world.count('duplicates suppressed');
      }
      outbox.delete(key);
      const entry = entries.get(key);
      if (entry !== undefined) {
        entry.phase = 'decided';
      }
    }
    if (later.length > 0) {
      wake();
    }
  };

  const wake = (): void => {
    const due = reports.wake(world.now());
    flush();
    if (due !== undefined) {
      world.after(Math.max(1, due - world.now()), 'reports again', wake, process);
    }
  };

  const connect = (): void => {
    const well = managers();
    const manager = well[Math.floor(world.random.float() * well.length)];
    const since = world.now();
    const opened = manager?.connect(process, user, {
      hear: (message) => {
        switch (message.$case) {
          case 'welcome':
            isWelcome = true;
            reports.restart();
            return flush();
          case 'desiredState':
            return desired(message.value);
          case 'outcomes':
            return outcomes(message.value.outcomes);
          case 'superseded':
            isSuperseded = true;
            return undefined;
          default:
            return message satisfies never;
        }
      },
      end: (error) => {
        lost();
        if (!isSuperseded) {
          again(since, error);
        }
      },
    });
    call = opened;
    if (opened === undefined) {
      again(since, undefined);
    } else {
      streams += 1;
      const name = { installation: `i-${user}`, ordinal: streams };
      const known = [...entries.values(), ...outbox.values()].map(({ workloadId }) => workloadId);
      const held = [...new Set(known)].map((workloadId) => ({
        workloadId,
        attempts: [],
        epoch: 0,
      }));
      opened.send({ $case: 'hello', value: helloOf({ ...name, held }) });
    }
  };

  const lost = (): void => {
    call = undefined;
    isWelcome = false;
  };

  const again = (since: number, error: Parameters<typeof endingOf>[0]): void => {
    const ending = endingOf(error);
    if (ending.kind === 'superseded') {
      isSuperseded = true;
      return;
    }
    failures = world.now() - since > GOOD_MS ? 1 : failures + 1;
    const pause = reconnectMs(ending, failures, world.random.float());
    const retry = (): void => (call === undefined ? connect() : undefined);
    world.after(pause, 'connects again', retry, process);
  };

  world.after(world.random.float() * 500, 'connects', connect, process);

  return {
    user,
    get process(): Process {
      return process;
    },
    /** Begins anew with what the outbox kept. */
    restart: (): void => {
      process = world.process(user);
      entries = new Map();
      reports = noReports();
      order = NO_ORDER;
      queue = [];
      running = undefined;
      failures = 0;
      isSuperseded = false;
      for (const [key, { workloadId, report }] of outbox) {
        entries.set(key, {
          workloadId,
          attempt: report.attempt!,
          phase: 'finished',
          isResumable: false,
        });
        reports.add(key, report);
      }
      world.after(world.random.float() * 1_000, 'connects', connect, process);
    },
    /** Its process dies. */
    crash: (): void => {
      lost();
      world.kill(process);
    },
    /** Its machine is gone without a word. */
    vanish: (): void => {
      lost();
      world.vanish(process);
    },
    /** Its stream breaks. */
    disconnect: (): void => {
      if (call === undefined) {
        return;
      }
      call.cancel();
      lost();
      again(world.now(), undefined);
    },
    /** Reports an attempt that it was never given. */
    lie: (workloadId: string, task: string): void => {
      const attempt = {
        task,
        generation: 0,
        attempt: `0-${900_000 + Math.floor(world.random.float() * 1e5)}`,
        token: Buffer.alloc(16, 1),
      };
      say(workloadId, attempt, 999_999, bodyOf(workloadId, attempt));
    },
    /** Repeats a report that was decided long ago. */
    repeat: (): void => {
      const old = said[Math.floor(world.random.float() * said.length)]?.report;
      if (old?.attempt !== undefined && old.body !== undefined) {
        say(old.workloadId, old.attempt, 999_998, old.body);
      }
    },
    /** Whether it was told that another agent has its place, and stays away. */
    isSuperseded: (): boolean => isSuperseded,
  };
};
