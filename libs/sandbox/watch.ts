import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { every, type Repetition } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { processTree, statOf } from '#libs/programs/index.ts';
import type { Limits } from './limits.ts';
import { MAX_OPEN_FILES, usageOf } from './usage.ts';

/** The limit that a process tree exceeded, with a text for people. */
export interface Excess {
  of: 'memory' | 'disk' | 'files' | 'processes';
  text: string;
}

/** The limits that the kernel does not enforce for a whole tree. */
export type WatchedLimits = Pick<Limits, 'memoryBytes' | 'workDirBytes' | 'processes'>;

interface Watched {
  pid: number;
  workDir: string;
  limits: WatchedLimits;
}

const EVERY_MS = 1_000;
const BLOCK_BYTES = 512;
const MAX_ENTRIES = 100_000;

/** The bytes that a folder takes on disk, links not followed, and its entries, counted up to `enough` bytes or 100,000 entries. */
const folderUsage = async (
  folder: string,
  enough: number,
): Promise<{ bytes: number; entries: number }> => {
  const usage = { bytes: 0, entries: 0 };
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const found = await readdir(next, { withFileTypes: true }).catch(() => []);
    usage.entries += found.length;
    if (usage.entries > MAX_ENTRIES || usage.bytes > enough) {
      break;
    }
    for (const entry of found) {
      const path = join(next, entry.name);
      usage.bytes += ((await lstat(path).catch(() => undefined))?.blocks ?? 0) * BLOCK_BYTES;
      if (entry.isDirectory()) {
        waiting.push(path);
      }
    }
  }
  return usage;
};

const mib = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;
const counted = (number: number): string => number.toLocaleString('en');

/**
 * What changes with all that a process tree does: its processes, and the processor time of each. Who used less than a tick since the
 * last look could not take much, and small uses add up.
 */
const doings = async (pid: number, most: number): Promise<string> =>
  (await processTree(pid, most)).map((each) => `${each}:${statOf(each)?.cpuTicks}`).join();

const look = async ({ pid, workDir, limits }: Watched): Promise<Excess | undefined> => {
  const { memoryBytes, workDirBytes } = limits;
  const usage = await usageOf(pid, workDir, 2 * limits.processes);
  if (usage.memoryBytes > memoryBytes) {
    const text = `used ${mib(usage.memoryBytes)} of memory, may use ${mib(memoryBytes)}`;
    return { of: 'memory', text };
  }
  // Where the kernel counts, it lets no more begin: whoever is at the limit does no work any more.
  if (usage.threads >= limits.processes) {
    const text = `ran ${usage.threads} processes and threads, may run fewer than ${limits.processes}`;
    return { of: 'processes', text };
  }
  if (usage.openFiles >= MAX_OPEN_FILES) {
    return {
      of: 'files',
      text: `had ${counted(usage.openFiles)} files open, may have fewer than ${counted(MAX_OPEN_FILES)}`,
    };
  }
  // Without a bound, the program bounds itself.
  const { bytes, entries } = Number.isFinite(workDirBytes)
    ? await folderUsage(workDir, workDirBytes)
    : { bytes: 0, entries: 0 };
  if (entries > MAX_ENTRIES) {
    return { of: 'files', text: `made more than ${counted(MAX_ENTRIES)} files in its work folder` };
  }
  if (bytes + usage.deletedBytes > workDirBytes) {
    return { of: 'disk', text: `wrote more than ${mib(workDirBytes)} to its work folder` };
  }
  return undefined;
};

/**
 * Looks once a second at what the kernel does not limit for a whole process tree: memory, work folder, files, number of
 * processes. It does not look again while the tree does nothing. Calls `onExcess` at the first excess, and stops.
 */
export const watchLimits = (
  { clock, ...watched }: Watched & { clock: Clock },
  onExcess: (excess: Excess) => void,
): Repetition => {
  let last = '';
  const watching = every({ clock, everyMs: EVERY_MS, isPauseFirst: true }, async (stopped) => {
    // Warm programs are idle most of the time, and a whole look at one costs milliseconds.
    const now = await doings(watched.pid, 2 * watched.limits.processes);
    if (now === last) {
      return;
    }
    last = now;
    const excess = await look(watched);
    if (excess !== undefined && !stopped.aborted) {
      void watching.stop();
      onExcess(excess);
    }
  });
  return watching;
};
