import type { Clock, Timer } from '#libs/clock/index.ts';
import type { ConnectRequest, Held, Outcome, Report, TaskProgress } from '#libs/contracts/agent.ts';
import { noReports, type Unnumbered, type Verdicts } from '../domain/pending-reports.ts';
import type { Random } from '#libs/random/index.ts';

export type Send = (message: ConnectRequest) => Promise<void>;

const MAX_REPORTS = 1_000;
/** A gRPC message may have four mebibytes; one is enough. */
const MAX_BYTES = 1_048_576;

export type Outgoing = ReturnType<typeof createOutgoing>;

/**
 * Gathers what this machine has to say. Everything that is ready in one turn of the event loop goes in one message, and
 * nothing is taken before the stream has room for it.
 */
export const createOutgoing = ({ clock, random }: { clock: Clock; random: Random }) => {
  const reports = noReports();
  let started: Unnumbered[] = [];
  let answers: (() => Held)[] = [];
  let further: TaskProgress[] = [];
  let stream: Send | undefined;
  let pumping: Promise<void> | undefined;
  let scheduled: NodeJS.Immediate | undefined;
  let pause: Timer | undefined;

  const forget = (): void => {
    stream = undefined;
    started = [];
    answers = [];
    further = [];
    clearImmediate(scheduled);
    scheduled = undefined;
  };

  const next = (): ConnectRequest | undefined => {
    const answer = answers.shift();
    if (answer !== undefined) {
      return { message: { $case: 'held', value: answer() } };
    }
    const begun: Report[] = started
      .splice(0, MAX_REPORTS)
      .map((report) => ({ reportId: 0, ...report }));
    const final = reports.take(MAX_REPORTS - begun.length, MAX_BYTES);
    if (begun.length + final.length > 0) {
      return { message: { $case: 'reports', value: { reports: [...begun, ...final] } } };
    }
    const tasks = further;
    further = [];
    return tasks.length === 0 ? undefined : { message: { $case: 'progress', value: { tasks } } };
  };

  const isCurrent = (send: Send): boolean => send === stream;

  const pump = async (send: Send): Promise<void> => {
    try {
      while (isCurrent(send)) {
        const message = next();
        if (message === undefined) {
          return;
        }
        await send(message);
      }
    } catch {
      // The stream is over. Its reader finds out why, and the reports go out on the next stream.
      if (isCurrent(send)) {
        forget();
      }
    }
  };

  const start = (): void => {
    scheduled = undefined;
    if (stream !== undefined && pumping === undefined) {
      pumping = pump(stream).finally(() => {
        pumping = undefined;
        if (answers.length + started.length + further.length > 0 || reports.hasReady()) {
          schedule();
        }
      });
    }
  };
  const schedule = (): void => {
    if (stream !== undefined && pumping === undefined) {
      scheduled ??= setImmediate(start);
    }
  };

  const wake = (): void => {
    pause?.cancel();
    const dueMs = reports.wake(clock.monotonic());
    pause =
      dueMs === undefined
        ? undefined
        : clock.setTimer(Math.max(1, dueMs - clock.monotonic()), wake);
    schedule();
  };

  return {
    /** A new stream begins, and `send` sends on it. Undecided reports go out again. */
    attach(send: Send): void {
      forget();
      reports.restart();
      stream = send;
      schedule();
    },
    /** The stream is over. */
    detach: forget,
    /** Reports an attempt until it is decided. */
    report(key: string, report: Unnumbered): void {
      reports.add(key, report);
      schedule();
    },
    /** Reports this no more, because there is something newer to say. */
    drop: (key: string): void => reports.drop(key),
    /** Says that an attempt runs. It is forgotten when the stream ends. */
    started(report: Unnumbered): void {
      if (stream !== undefined) {
        started.push(report);
        schedule();
      }
    },
    /** Says how far tasks are, once everything else is said. If the last word is not out yet, this one takes its place. */
    progress(tasks: TaskProgress[]): void {
      if (stream !== undefined) {
        further = tasks;
        schedule();
      }
    },
    /** Answers `adopt` when the answer goes out. Paused reports follow, because there is an owner now. */
    held(answer: () => Held): void {
      answers.push(answer);
      reports.hurry();
      schedule();
    },
    /** Takes the outcomes of reports. */
    decide(outcomes: readonly Outcome[]): Verdicts {
      const verdicts = reports.decide(outcomes, clock.monotonic(), random.float());
      if (verdicts.later.length > 0) {
        wake();
      }
      return verdicts;
    },
    /** Sends what is ready. Resolves when the stream has taken the last message. */
    async flushed(): Promise<void> {
      if (scheduled !== undefined) {
        clearImmediate(scheduled);
        start();
      }
      await pumping;
    },
    end(): void {
      forget();
      pause?.cancel();
    },
  };
};
