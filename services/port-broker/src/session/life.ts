import type { Clock } from '#libs/clock/index.ts';
import { afterEnd, isFailure, lastLines, StartFailure, type RestartPolicy, type Run } from '#libs/programs/index.ts';
import type { Session, SessionEnd } from '../domain/session.ts';
import type { Kind } from './kind.ts';
import type { PartEnd, Parts } from './parts.ts';

/** What a session's life needs of the world. */
export interface LifeOptions<Spec> {
  kind: Kind<Spec>;
  folder: string;
  parts: Parts;
  clock: Clock;
  /** Aborts when this process ends: the programs live on, and the next process adopts them. */
  closing: AbortSignal;
  /** The session has changed. */
  changed: (session: Session<Spec>) => void;
}

/** One session from its lease to its end. */
export interface Life<Spec> {
  session(): Session<Spec>;
  /** Its programs, for what wants to look at them. */
  parts: Parts;
  /** Changes what is known of it. */
  note(change: Partial<Pick<Session<Spec>, 'lastActivityMs' | 'spec'>>): void;
  /** Changes what it is for, and makes that durable. */
  change(change: Pick<Session<Spec>, 'spec'>): Session<Spec>;
  /** Starts its programs on its port, once. Throws StartFailure; what it started then still has to be ended. */
  begin(): Promise<void>;
  /** From then on they are started again where they end. Resolves when the session is over, to whether nothing is left of it. */
  carryOn(): Promise<boolean>;
  /** Ends it; `carryOn` tells when it is done. */
  stop(end: SessionEnd): void;
}

const RESTARTS: RestartPolicy = { pause: { firstMs: 200, longestMs: 10_000 }, steadyMs: 10_000, mostFailures: 5 };

export const createLife = <Spec>(first: Session<Spec>, options: LifeOptions<Spec>): Life<Spec> => {
  const { kind, folder, parts, clock, closing, changed } = options;
  let session = first;
  const stopping = new AbortController();
  let why: SessionEnd = 'stopped';
  const either = AbortSignal.any([stopping.signal, closing]);
  const set = (change: Partial<Session<Spec>>): void => {
    session = { ...session, ...change };
    changed(session);
  };

  const bringUp = async (): Promise<void> => {
    const recipe = await kind.recipe(session, folder);
    await parts.bringUp(recipe, session.port, either);
    const now = clock.now();
    set({ state: 'ready', readyAtMs: now, lastActivityMs: now });
  };

  /** Waits for the end of a part. Resolves to how that run went; undefined: the session is to end. */
  const untilEnd = async (readyAt: number): Promise<(Run & PartEnd) | undefined> => {
    const ended = await Promise.race([parts.nextEnd(), aborted(either)]);
    if (ended === undefined || either.aborted) return undefined;
    return { ...ended, readyMs: clock.monotonic() - readyAt, exitCode: ended.code };
  };

  const carryOn = async (): Promise<SessionEnd | undefined> => {
    let failures = 0;
    let readyAt = clock.monotonic();
    for (;;) {
      if (session.state === 'ready') {
        const run = await untilEnd(readyAt);
        if (run === undefined) return undefined;
        await parts.sweep(run.role, 0);
        const isRestarted = kind.isRestarted(run.role);
        if (isFailure(RESTARTS, run) || !isRestarted) {
          failures += 1;
          set({ lastError: await sayEnd(run) });
        } else failures = 0;
        if (!isRestarted) return 'lost';
      }
      const next = afterEnd(RESTARTS, failures);
      if (next === 'give-up') return 'lost';
      set({ state: 'restarting', restarts: session.restarts + 1 });
      await clock.sleep(next.pauseMs, either);
      try {
        await bringUp();
        readyAt = clock.monotonic();
      } catch (thrown) {
        if (either.aborted) return undefined;
        failures += 1;
        set({ lastError: (thrown as Error).message });
        // What did not come up goes altogether; also the forwarder, whose port may be somebody else's.
        if (thrown instanceof StartFailure) await parts.endAll(0, 0);
      }
    }
  };

  return {
    session: () => session,
    parts,
    note: (change) => {
      session = { ...session, ...change };
    },
    change: (change) => {
      set(change);
      return session;
    },
    begin: async () => {
      set({ state: 'starting' });
      await bringUp();
    },
    carryOn: async () => {
      const end = await carryOn().catch((thrown: unknown) => {
        if (!either.aborted) throw thrown;
        return undefined;
      });
      // Only this process ends, not the session.
      if (end === undefined && !stopping.signal.aborted) return false;
      set({ state: 'stopping', end: end ?? why });
      return parts.endAll(kind.graceMs, session.port);
    },
    stop: (end) => {
      if (!stopping.signal.aborted) why = end;
      stopping.abort();
    },
  };
};

/** How a part ended, for people, with what it said last. */
const sayEnd = async ({ role, code, output, since }: PartEnd): Promise<string> => {
  const how = code === undefined ? 'ended' : code === null ? 'was ended by a signal' : `ended with code ${code}`;
  const said = await lastLines(output, since);
  return `${role} ${how}${said === '' ? '' : `; it said last:\n${said}`}`;
};

/** Resolves when the signal aborts. */
const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
