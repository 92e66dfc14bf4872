import { every } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import {
  completeTimes,
  type DivergenceSign,
  flawOf,
  FOOTER_CHARS,
  hasFooter,
  isTimeName,
  type TimeFile,
  timesIn,
} from '#libs/openfoam/index.ts';
import type { Random } from '#libs/random/index.ts';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Running } from '../engine.ts';
import { createSnapshots, filesBelow, type Part, readBelow, readEnd } from './case-files.ts';
import { type Control, isOwnTime } from './control.ts';
import type { AtWork } from './run-step.ts';

export interface CheckpointOptions {
  folder: string;
  /** Where copies are kept meanwhile. */
  copies: string;
  clock: Clock;
  random: Random;
  running: Pick<Running, 'checkpoint'>;
  everyMs: number;
  maxFiles: number;
  control: Control;
  /** Puts files of the case back that the agent changed for a run. */
  restored: (parts: readonly Part[]) => Part[];
  /** The time from which the solver goes on; nothing up to it is new. */
  from: number;
  /** Its name, if that is a checkpoint. */
  resumed: string | undefined;
}

const LOOK_EVERY_MS = 1_000;
/** Cases that write often are not copied each time. */
const MIN_PAUSE_MS = 10_000;
const MAX_TIME_BYTES = 4_096;
/** `processor0`, or `processors2` of collated files. */
const RANK = /^processors?\d+(?:_\d+-\d+)?$/;
/** What is no result, and not needed to go on. */
const NOT_KEPT = /^(?:dynamicCode\/|core(?:\.\d+)?$|\.muster-control$)/;

/** The time in which a file of a case lies, with its processor; undefined if it lies in none. */
const timeOf = (path: string): string | undefined => {
  const [first = '', second = ''] = path.split('/');
  const name = RANK.test(first) ? second : first;
  return isTimeName(name) && path.includes('/') ? name : undefined;
};

/**
 * Makes checkpoints of a running solver: each `everyMs` by a signal, and of times that the case writes itself. Times that only a signal
 * made are no results.
 */
export const createCheckpoints = (options: CheckpointOptions) => {
  const { folder, copies, clock, random, running, everyMs, maxFiles, control, restored } = options;
  const snapshots = createSnapshots(folder, copies, random);
  /** Times that are no results. */
  const forced = new Set<string>();
  let position = options.from;
  let newestName: string | undefined;
  let lastMs = clock.monotonic();
  let askedWith: ReadonlySet<string> | undefined;

  /** The folders that hold times: the case, or each of its processors. */
  const places = async (): Promise<string[]> => {
    const names = await readdir(folder).catch(() => []);
    const ranks = names.filter((name) => RANK.test(name));
    return ranks.length === 0 ? ['.'] : ranks;
  };

  /** The times that every place has. */
  const timesHere = async (): Promise<string[]> => {
    const all = await places();
    const of = await Promise.all(all.map((place) => readdir(join(folder, place)).catch(() => [])));
    const [first = [], ...others] = of.map((names) => timesIn(names));
    return first.filter((time) => others.every((times) => times.includes(time)));
  };

  const filesOf = async (place: string, time: string): Promise<TimeFile[]> => {
    const paths = await filesBelow(join(folder, place, time), maxFiles);
    return Promise.all(
      paths.map(async (path) => {
        const isPacked = path.endsWith('.gz');
        const end = isPacked ? '' : await readEnd(folder, join(place, time, path), FOOTER_CHARS);
        return { path, isWhole: isPacked || (end !== undefined && hasFooter(end)) };
      }),
    );
  };

  /** Whether a time can be gone on from: whole in every place, with what all earlier ones have. */
  const isWhole = async (time: string, before: readonly string[]): Promise<boolean> => {
    for (const place of await places()) {
      const earlier = await Promise.all(
        before
          .slice(-3)
          .map(async (each) => new Set((await filesOf(place, each)).map(({ path }) => path))),
      );
      if (flawOf(await filesOf(place, time), earlier) !== undefined) {
        return false;
      }
    }
    return true;
  };

  /** The newest whole time after the last checkpoint; older than a sign if there is one. */
  const newest = async (work: AtWork, sign?: DivergenceSign): Promise<string | undefined> => {
    const times = await timesHere();
    const written = times.filter((time) => Number(time) > options.from);
    const complete = completeTimes(written, work.findings()).filter(
      (time) => sign === undefined || Number(time) < sign.at,
    );
    for (let i = complete.length - 1; i >= 0; i -= 1) {
      const time = complete[i] ?? '';
      if (await isWhole(time, complete.slice(0, i))) {
        return time;
      }
    }
    return undefined;
  };

  const isKept =
    (upTo: number) =>
    (path: string): boolean => {
      const time = timeOf(path);
      return time === undefined
        ? !NOT_KEPT.test(path)
        : Number(time) === upTo || (Number(time) < upTo && !forced.has(time));
    };

  const make = async (time: string): Promise<void> => {
    await sortOutFirst();
    const paths = (await filesBelow(folder, maxFiles)).filter(isKept(Number(time)));
    const parts = restored(await snapshots.take(paths));
    await running.checkpoint({ name: time, position: Number(time), parts });
    position = Number(time);
    newestName = time;
    lastMs = clock.monotonic();
  };

  const sortOut = async (time: string): Promise<void> => {
    const [place = '.'] = await places();
    const of = await readBelow(folder, join(place, time, 'uniform', 'time'), MAX_TIME_BYTES);
    if (!isOwnTime(control, time, of ?? '')) {
      forced.add(time);
    }
  };

  let first: Promise<void> | undefined;
  /** The time from which it goes on may be one that only the signal made. */
  const sortOutFirst = (): Promise<void> =>
    (first ??= options.resumed === undefined ? Promise.resolve() : sortOut(options.resumed));

  /** Notes which of the new times only the signal made. */
  const sortOutNew = async (before: ReadonlySet<string>): Promise<void> => {
    for (const time of await timesHere()) {
      if (!before.has(time)) {
        await sortOut(time);
      }
    }
  };

  const look = async (work: AtWork): Promise<void> => {
    const quietMs = clock.monotonic() - lastMs;
    const time = await newest(work);
    const isNew = time !== undefined && Number(time) > position;
    if (isNew && (askedWith !== undefined || quietMs >= Math.min(everyMs, MIN_PAUSE_MS))) {
      if (askedWith !== undefined) {
        await sortOutNew(askedWith);
        askedWith = undefined;
      }
      const old = [...forced].filter((each) => Number(each) < Number(time));
      await make(time);
      old.forEach((each) => work.process.write(`forget ${each}\n`));
    } else if (
      quietMs >= everyMs &&
      askedWith === undefined &&
      work.findings().solvingAt !== undefined
    ) {
      askedWith = new Set(await timesHere());
      work.process.write('write\n');
    }
  };

  return {
    /** Begins with a solver; what is returned ends it. */
    follow: (work: AtWork): (() => Promise<void>) => {
      // What cannot be read, because the folder changes meanwhile, is looked at again.
      const looking = every(
        { clock, everyMs: Math.min(LOOK_EVERY_MS, everyMs), isPauseFirst: true },
        () => look(work),
      );
      return async () => {
        await looking.stop();
        if (askedWith !== undefined) {
          await sortOutNew(askedWith);
        }
      };
    },
    /** The newest whole time, older than a sign. A last checkpoint of it is made if it is newer than the last one. */
    last: async (work: AtWork, sign: DivergenceSign | undefined): Promise<string | undefined> => {
      const time = await newest(work, sign);
      if (time !== undefined && Number(time) > position) {
        await make(time);
      }
      return time ?? (sign === undefined || position < sign.at ? newestName : undefined);
    },
    /** Which files of the case are results, once the solver has ended. Its last time is one, whoever asked for it. */
    results: async (): Promise<string[]> => {
      await sortOutFirst();
      const last = Number((await timesHere()).at(-1) ?? Infinity);
      return (await filesBelow(folder, maxFiles)).filter(isKept(last));
    },
    timesHere,
    remove: snapshots.remove,
  };
};
