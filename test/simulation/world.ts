import { type Clock, sleepBy, type Timer } from '#libs/clock/index.ts';
import { seededRandom } from '#libs/random/index.ts';

/** A process of the simulated mesh. It can die, or freeze for a while. */
export interface Process {
  readonly name: string;
  isAlive: boolean;
  isFrozen: boolean;
  /** It is gone with its machine: nobody is told that its connections are over. */
  hasVanished: boolean;
  /** What arrived while it was frozen. */
  deferred: (() => void)[];
}

interface Event {
  at: number;
  label: string;
  fn: () => void;
  of: Process | undefined;
  isCancelled: boolean;
}

/** Wall clocks of processes differ, and nothing may depend on them. */
const EPOCH = 1_700_000_000_000;
const TRACE_LINES = 400;

/** Resolves once no promise has anything left to do: Node runs ticks after them, but only those that a promise asked for. */
const afterAllThatFollows = async (): Promise<void> => {
  await Promise.resolve();
  await new Promise<void>((resolve) => process.nextTick(resolve));
};

const real = { setImmediate, clearImmediate };
/** A turn of the real event loop costs as much as a step; timers, signals and unhandled rejections wait for one. */
const STEPS_A_TURN = 100;

/** Stands in for `setImmediate`, until it is disposed of: turns of the event loop without the event loop. */
const virtualTurns = () => {
  const waiting = new Set<() => void>();
  globalThis.setImmediate = ((fn: () => void) => {
    const run = (): void => fn();
    waiting.add(run);
    return run;
  }) as unknown as typeof setImmediate;
  globalThis.clearImmediate = (run) => void waiting.delete(run as unknown as () => void);
  return {
    /** Resolves when nothing is left that was started or put off to the end of a turn. */
    async end(): Promise<void> {
      await afterAllThatFollows();
      while (waiting.size > 0) {
        const turn = [...waiting];
        waiting.clear();
        for (const run of turn) {
          run();
        }
        await afterAllThatFollows();
      }
    },
    [Symbol.dispose]: () => void Object.assign(globalThis, real),
  };
};

export type World = ReturnType<typeof createWorld>;

/** Time, chance and the order of everything in one run: the same seed gives the same run. */
export const createWorld = (seed: number) => {
  const random = seededRandom(seed);
  const turns = virtualTurns();
  /** The next one is the last. */
  const queue: Event[] = [];
  const counts = new Map<string, number>();
  const lines: string[] = [];
  const endings: (() => void)[] = [];
  let now = 0;
  let steps = 0;
  let hash = 0x811c9dc5;

  const note = (text: string): void => {
    const line = `${now.toFixed(1)} ${text}`;
    for (let i = 0; i < line.length; i += 1) {
      hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
    }
    lines.push(line);
    if (lines.length > TRACE_LINES * 2) {
      lines.splice(0, TRACE_LINES);
    }
  };

  /** Runs `fn` in a process after `ms`: never if the process is dead by then, later if it is frozen. */
  const after = (ms: number, label: string, fn: () => void, of?: Process): Timer => {
    const event: Event = { at: now + Math.max(0, ms), label, fn, of, isCancelled: false };
    queue.splice(queue.findLastIndex(({ at }) => at > event.at) + 1, 0, event);
    return {
      cancel: () => {
        event.isCancelled = true;
      },
    };
  };

  const run = (event: Event): void => {
    const { of, fn, label } = event;
    if (event.isCancelled || of?.isAlive === false) {
      return;
    }
    if (of?.isFrozen === true) {
      of.deferred.push(() => run(event));
      return;
    }
    note(`${of?.name ?? 'world'} ${label}`);
    fn();
  };

  const kill = (process: Process): void => {
    process.isAlive = false;
    process.deferred = [];
  };

  return {
    random,
    now: (): number => now,
    process: (name: string): Process => ({
      name,
      isAlive: true,
      isFrozen: false,
      hasVanished: false,
      deferred: [],
    }),
    after,
    /** Runs the next event and everything that follows from it at once. False if there is none. */
    async step(): Promise<boolean> {
      const event = queue.pop();
      if (event === undefined) {
        return false;
      }
      now = Math.max(now, event.at);
      if (event.isCancelled || event.of?.isAlive === false) {
        return true;
      }
      steps += 1;
      run(event);
      await turns.end();
      if (steps % STEPS_A_TURN === 0) {
        await new Promise<void>((resolve) => real.setImmediate(resolve));
      }
      return true;
    },
    kill,
    /** Kills it with its machine. */
    vanish(process: Process): void {
      kill(process);
      process.hasVanished = true;
    },
    freeze(process: Process): void {
      process.isFrozen = true;
    },
    thaw(process: Process): void {
      process.isFrozen = false;
      for (const fn of process.deferred.splice(0)) {
        after(0, 'thaws', fn, process);
      }
    },
    clockOf(process: Process): Clock {
      const skew = Math.floor(random.float() * 1e9);
      const setTimer: Clock['setTimer'] = (ms, fn) => after(ms, 'timer', fn, process);
      return {
        now: () => EPOCH + now + skew,
        monotonic: () => now + skew,
        setTimer,
        sleep: sleepBy(setTimer),
      };
    },
    /** Calls `fn` when the run is over, to let go of what Node would keep. */
    atEnd: (fn: () => void): void => void endings.push(fn),
    /** Ends the run. */
    end: (): void => endings.forEach((fn) => fn()),
    /** Counts something for the report. */
    count: (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1),
    counts: counts as ReadonlyMap<string, number>,
    steps: (): number => steps,
    /** Of the whole trace. */
    hash: () => (hash >>> 0).toString(16).padStart(8, '0'),
    /** The latest events. */
    trace: () => lines.slice(-TRACE_LINES),
    note,
    [Symbol.dispose]: turns[Symbol.dispose],
  };
};
