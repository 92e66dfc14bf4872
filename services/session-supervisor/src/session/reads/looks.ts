import { createBell, every, type Bell } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { sessionSubject } from '#libs/mesh/index.ts';
import type { Bus } from '#libs/nats/index.ts';

/** A watcher of one workload. */
export interface Watcher<Look> extends Disposable {
  /** Resolves with the latest look that this watcher has not seen. Rejects as the look did, or with the signal's reason. */
  next(signal: AbortSignal): Promise<Look>;
}

/** Looks at workloads for their watchers. Each workload is looked at once at a time, however many watchers it has. */
export interface Looks<Look> {
  watch: (id: string) => Watcher<Look>;
}

/** Time between two looks if the owner sends no notice of a change. */
const LOOK_MS = 1_000;
/** Changes within this time cause one look. */
const COALESCE_MS = 100;

/** The watchers of one workload, and their shared look. */
interface Shared<Look> {
  /** The last look; undefined before the first. */
  latest: Promise<Look> | undefined;
  readonly bells: Set<Bell>;
  stop(): void;
}

export const createLooks = <Look>({
  look,
  bus,
  clock,
}: {
  look: (id: string) => Promise<Look>;
  bus: Bus;
  clock: Clock;
}): Looks<Look> => {
  const open = new Map<string, Shared<Look>>();

  const startLooking = (id: string): Shared<Look> => {
    const looking = every({ clock, everyMs: LOOK_MS, isPauseFirst: true }, async (signal) => {
      await clock.sleep(COALESCE_MS, signal);
      const seen = look(id);
      await seen.catch(() => undefined);
      shared.latest = seen;
      for (const bell of shared.bells) {
        bell.ring();
      }
    });
    const serving = bus.serve(sessionSubject(id, 'appended'), async () => {
      looking.hurry();
      return undefined;
    });
    const shared: Shared<Look> = {
      latest: undefined,
      bells: new Set(),
      stop: () => {
        void looking.stop();
        void serving.close();
      },
    };
    return shared;
  };

  return {
    watch: (id) => {
      const shared = open.get(id) ?? startLooking(id);
      open.set(id, shared);
      const bell = createBell();
      shared.bells.add(bell);
      return {
        next: async (signal) => {
          await bell.rung(signal);
          if (shared.latest === undefined) {
            throw new Error('a bell without a look');
          }
          return shared.latest;
        },
        [Symbol.dispose]: () => {
          shared.bells.delete(bell);
          if (shared.bells.size === 0 && open.get(id) === shared) {
            open.delete(id);
            shared.stop();
          }
        },
      };
    },
  };
};
