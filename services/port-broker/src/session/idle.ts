import { every } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { isActive, type Sample } from '../domain/activity.ts';
import { isOver, type Session } from '../domain/session.ts';
import type { SessionManager } from './session-manager.ts';

interface IdleOptions<Spec> {
  manager: SessionManager<Spec>;
  clock: Clock;
  /** How long a session may be unused before it ends; 0: for ever. */
  idleMs: number;
  /** Samples a session's use; undefined: that is not possible now. */
  sample: (id: string) => Promise<Sample | undefined>;
  /** Called when the number of minutes changes after which an unused session ends. */
  tell: (session: Session<Spec>, minutesLeft: number) => Promise<void>;
}

const MINUTE_MS = 60_000;
/** Two samples must be at least this far apart before they can show that a session is unused. */
const SHORTEST_SPAN_MS = 1_000;

/** How often sessions are sampled. They end at most a twentieth of `idleMs` too late; if that is 0, they never end. */
export const lookEveryMs = (idleMs: number): number =>
  idleMs === 0 ? MINUTE_MS : Math.min(MINUTE_MS, Math.max(100, idleMs / 20));

interface Watched {
  sample: Sample;
  /** When it was used last, monotonic milliseconds. */
  usedAt: number;
  /** Whether the last sample showed that it was in use. */
  isUsed: boolean;
  toldMinutes: number | undefined;
}

/** Watches which sessions are in use, and ends those that are not. */
export const watchIdle = <Spec>({ manager, clock, idleMs, sample, tell }: IdleOptions<Spec>) => {
  const watched = new Map<string, Watched>();

  /** A session that waits for its lease is not watched. */
  const isLiving = (id: string): boolean => {
    const session = manager.get(id);
    return session !== undefined && session.leaseId !== '' && !isOver(session);
  };

  const look = async (id: string): Promise<Watched | undefined> => {
    const next = await sample(id);
    if (next === undefined) {
      return watched.get(id);
    }
    const before = watched.get(id);
    const isUsed = before === undefined || isActive(before.sample, next);
    // On a busy host even a busy program can get hardly any CPU time for a moment.
    if (before !== undefined && !isUsed && next.at - before.sample.at < SHORTEST_SPAN_MS) {
      return before;
    }
    const now: Watched = {
      sample: next,
      usedAt: isUsed ? next.at : before.usedAt,
      isUsed,
      toldMinutes: before?.toldMinutes,
    };
    if (isUsed) {
      manager.note(id, { lastActivityMs: clock.now() });
    }
    watched.set(id, now);
    return now;
  };
  const lookAtAll = async (): Promise<Map<string, Watched>> => {
    const seen = new Map<string, Watched>();
    for (const { id } of manager.list().filter(({ state }) => state === 'ready')) {
      const found = await look(id);
      if (found !== undefined && isLiving(id)) {
        seen.set(id, found);
      }
    }
    for (const id of watched.keys()) {
      if (!isLiving(id)) {
        watched.delete(id);
      }
    }
    return seen;
  };
  const leftMs = (found: Watched): number => found.usedAt + idleMs - clock.monotonic();

  const round = async (): Promise<void> => {
    for (const [id, found] of await lookAtAll()) {
      const session = manager.get(id);
      if (idleMs === 0 || session === undefined) {
        continue;
      }
      const left = leftMs(found);
      if (left <= 0) {
        await manager.stop(id, 'idle');
        continue;
      }
      const minutes = Math.ceil(left / MINUTE_MS);
      if (minutes !== found.toldMinutes) {
        await tell(session, minutes);
      }
      found.toldMinutes = minutes;
    }
  };
  const loop = every({ clock, everyMs: lookEveryMs(idleMs), isPauseFirst: true }, round);

  return {
    /** Milliseconds until a session ends unless it is used; undefined: it does not end by itself. */
    leftMs: (id: string): number | undefined => {
      const found = watched.get(id);
      if (idleMs === 0 || !isLiving(id)) {
        return undefined;
      }
      return found === undefined ? idleMs : Math.max(0, leftMs(found));
    },
    /** Samples all sessions now and ends those that were unused for `forMs`. Resolves to their ids. */
    cleanup: async (forMs: number): Promise<string[]> => {
      const seen = await lookAtAll();
      const idle = [...seen]
        .filter(([, { usedAt, isUsed }]) => !isUsed && clock.monotonic() - usedAt >= forMs)
        .map(([id]) => id);
      await Promise.all(idle.map((id) => manager.stop(id, 'idle')));
      return idle;
    },
    close: (): void => void loop.stop(),
  };
};

export type IdleWatch = ReturnType<typeof watchIdle>;
