import { aborted } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import {
  afterEnd,
  isFailure,
  lastLines,
  StartFailure,
  type RestartPolicy,
  type Run,
} from '#libs/programs/index.ts';
import type { Session, SessionEnd } from '../domain/session.ts';
import type { SessionType } from './session-type.ts';
import type { ProgramEnd, ProcessGroup } from './process-group.ts';

interface LifecycleOptions<Spec> {
  type: SessionType<Spec>;
  folder: string;
  processes: ProcessGroup;
  clock: Clock;
  /** Aborts when this process ends: the programs live on, and the next process adopts them. */
  closing: AbortSignal;
  session: () => Session<Spec>;
  /** Changes the session, and makes that durable. */
  change: (change: Partial<Session<Spec>>) => void;
}

/** One session from its lease to its end. */
export interface Lifecycle {
  processes: ProcessGroup;
  /** Starts its programs on its port. If it throws StartFailure, the caller ends what was started. */
  begin(): Promise<void>;
  /**
   * Restarts programs that end, until the session is over. Resolves to whether it is proved that nothing is left of it.
   */
  carryOn(): Promise<boolean>;
  /** Begins to end the session; `carryOn` resolves when that is done. */
  stop(end: SessionEnd): void;
}

const RESTARTS: RestartPolicy = {
  pause: { firstMs: 200, longestMs: 10_000 },
  steadyMs: 10_000,
  mostFailures: 5,
};

export const createLifecycle = <Spec>(options: LifecycleOptions<Spec>): Lifecycle => {
  const { type, folder, processes, clock, closing, session, change } = options;
  const stopping = new AbortController();
  let why: SessionEnd = 'stopped';
  const either = AbortSignal.any([stopping.signal, closing]);

  const bringUp = async (): Promise<void> => {
    const recipe = await type.recipe(session(), folder);
    await processes.bringUp(recipe, session().port, either);
    const now = clock.now();
    change({ state: 'ready', readyAtMs: now, lastActivityMs: now });
  };

  /** Waits until a program ends, and resolves to its run; undefined: the session must end. */
  const untilEnd = async (readyAt: number): Promise<(Run & ProgramEnd) | undefined> => {
    const ended = await Promise.race([processes.nextEnd(), aborted(either)]);
    if (ended === undefined || either.aborted) {
      return undefined;
    }
    return { ...ended, readyMs: clock.monotonic() - readyAt, exitCode: ended.code };
  };

  /** Resolves to why the session is over; undefined: somebody stopped it, or this process ends. */
  const carryOn = async (): Promise<SessionEnd | undefined> => {
    let failures = 0;
    let readyAt = clock.monotonic();
    for (;;) {
      if (session().state === 'ready') {
        const run = await untilEnd(readyAt);
        if (run === undefined) {
          return undefined;
        }
        await processes.sweep(run.role);
        const isRestarted = type.isRestarted(run.role);
        const isFailed = isFailure(RESTARTS, run) || !isRestarted;
        failures = isFailed ? failures + 1 : 0;
        if (isFailed || run.excess !== undefined) {
          change({ lastError: await sayEnd(run) });
        }
        // What is on its disk is still there when it is started again.
        const isFull = run.excess?.of === 'disk' || run.excess?.of === 'files';
        if (!isRestarted || isFull) {
          return 'lost';
        }
      }
      const next = afterEnd(RESTARTS, failures);
      if (next === 'give-up') {
        return 'lost';
      }
      change({ state: 'restarting', restarts: session().restarts + 1 });
      await clock.sleep(next.pauseMs, either);
      try {
        await bringUp();
        readyAt = clock.monotonic();
      } catch (thrown) {
        if (either.aborted) {
          return undefined;
        }
        failures += 1;
        change({ lastError: (thrown as Error).message });
        // All programs end, the forwarder too, because its port may be somebody else's by now.
        if (thrown instanceof StartFailure) {
          await processes.endAll(0, 0);
        }
      }
    }
  };

  return {
    processes,
    begin: async () => {
      change({ state: 'starting' });
      await bringUp();
    },
    carryOn: async () => {
      const end = await carryOn().catch((thrown: unknown) => {
        if (!either.aborted) {
          throw thrown;
        }
        return undefined;
      });
      // This process ends, but the session does not.
      if (end === undefined && !stopping.signal.aborted) {
        return false;
      }
      change({ state: 'stopping', end: end ?? why });
      return processes.endAll(type.graceMs, session().port);
    },
    stop: (end) => {
      if (!stopping.signal.aborted) {
        why = end;
      }
      stopping.abort();
    },
  };
};

/** How a program ended, with the last lines of its output; for people. */
const sayEnd = async ({ role, code, excess, output, since }: ProgramEnd): Promise<string> => {
  const how =
    excess?.text ??
    (code === undefined
      ? 'ended'
      : code === null
        ? 'was ended by a signal'
        : `ended with code ${code}`);
  const said = await lastLines(output, since);
  return `${role} ${how}${said === '' ? '' : `; it said last:\n${said}`}`;
};
