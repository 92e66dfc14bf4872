import { every, type Repetition } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { processTree, statOf } from '#libs/programs/index.ts';
import { folderMeter, type FolderUsage } from './folder.ts';
import type { Limits } from './limits.ts';
import { MAX_OPEN_FILES, type Usage, usageOf } from './usage.ts';

/** The limit that a process tree exceeded, with a text for people. */
export interface Excess {
  of: 'memory' | 'disk' | 'files' | 'processes';
  text: string;
}

/** The limits that the kernel does not enforce for a whole tree. */
export interface WatchedLimits extends Pick<Limits, 'memoryBytes' | 'workDirBytes' | 'processes'> {
  /** What is in the work folder beforehand and does not count; default: nothing. */
  given?: FolderUsage | undefined;
}

/** What a tree took when it was looked at last. */
export interface Taken {
  memoryBytes: number;
  /** In its work folder, what was given included, and in files without a name. 0 if its work folder has no bound. */
  diskBytes: number;
}

/** A watch over a process tree. */
export interface Watch extends Repetition {
  taken: () => Taken;
}

interface Watched {
  pid: number;
  workDir: string;
  limits: WatchedLimits;
}

const EVERY_MS = 1_000;
const MAX_ENTRIES = 100_000;
const NOTHING: FolderUsage = { bytes: 0, entries: 0 };

const mib = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;
const counted = (number: number): string => number.toLocaleString('en');

/**
 * What changes with all that a process tree does: its processes, and the processor time of each. Who used less than a tick since the
 * last look could not take much, and small uses add up.
 */
const doings = async (pid: number, most: number): Promise<string> =>
  (await processTree(pid, most)).map((each) => `${each}:${statOf(each)?.cpuTicks}`).join();

/** Whether what was seen exceeds a limit. */
const excessOf = (
  usage: Usage,
  { bytes, entries }: FolderUsage,
  { memoryBytes, workDirBytes, processes, given = NOTHING }: WatchedLimits,
): Excess | undefined => {
  if (usage.memoryBytes > memoryBytes) {
    const text = `used ${mib(usage.memoryBytes)} of memory, may use ${mib(memoryBytes)}`;
    return { of: 'memory', text };
  }
  // Where the kernel counts, it lets no more begin: whoever is at the limit does no work any more.
  if (usage.threads >= processes) {
    const text = `ran ${usage.threads} processes and threads, may run fewer than ${processes}`;
    return { of: 'processes', text };
  }
  if (usage.openFiles >= MAX_OPEN_FILES) {
    return {
      of: 'files',
      text: `had ${counted(usage.openFiles)} files open, may have fewer than ${counted(MAX_OPEN_FILES)}`,
    };
  }
  if (entries - given.entries > MAX_ENTRIES) {
    return { of: 'files', text: `made more than ${counted(MAX_ENTRIES)} files in its work folder` };
  }
  if (bytes - given.bytes + usage.deletedBytes > workDirBytes) {
    return { of: 'disk', text: `wrote more than ${mib(workDirBytes)} to its work folder` };
  }
  return undefined;
};

/**
 * Looks once a second at what the kernel does not limit for a whole process tree: memory, work folder, files, number of
 * processes. It does not look again while the tree does nothing. Calls `onExcess` at the first excess, and stops.
 */
export const watchLimits = (
  { clock, pid, workDir, limits }: Watched & { clock: Clock },
  onExcess: (excess: Excess) => void,
): Watch => {
  const { workDirBytes, processes, given = NOTHING } = limits;
  const most = 2 * processes;
  // Without a bound, the program bounds itself.
  const measure = Number.isFinite(workDirBytes)
    ? folderMeter(workDir, clock, {
        bytes: given.bytes + workDirBytes,
        entries: given.entries + MAX_ENTRIES,
      })
    : () => Promise.resolve(NOTHING);
  let last = '';
  let usage: Usage = { threads: 0, memoryBytes: 0, deletedBytes: 0, openFiles: 0 };
  let folder = given;
  let measured: Promise<FolderUsage> | undefined;
  let isChanged = false;
  const check = (stopped: AbortSignal): void => {
    const excess = excessOf(usage, folder, limits);
    if (excess !== undefined && !stopped.aborted) {
      void watching.stop();
      onExcess(excess);
    }
  };
  const note = async (
    measuring: Promise<FolderUsage> | undefined,
    stopped: AbortSignal,
  ): Promise<void> => {
    folder = (await measuring) ?? folder;
    check(stopped);
  };
  const watching = every({ clock, everyMs: EVERY_MS, isPauseFirst: true }, async (stopped) => {
    // Warm programs are idle most of the time, and a whole look at one costs milliseconds.
    const now = await doings(pid, most);
    if (now !== last) {
      last = now;
      isChanged = true;
      usage = await usageOf(pid, workDir, most);
      check(stopped);
    }
    // Memory is looked at meanwhile: a large folder takes seconds.
    const measuring = isChanged ? measure() : measured;
    if (measuring !== measured) {
      isChanged = false;
      measured = measuring;
      void note(measuring, stopped);
    }
  });
  const taken = (): Taken => ({
    memoryBytes: usage.memoryBytes,
    diskBytes: folder.bytes + usage.deletedBytes,
  });
  return { ...watching, taken };
};
