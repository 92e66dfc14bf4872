import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { every, type Repetition } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { treeUsage } from '#libs/programs/index.ts';
import type { Limits } from './limits.ts';

/** The limit that a process tree exceeded, with a text for people. */
export interface Excess {
  of: 'memory' | 'disk' | 'processes';
  text: string;
}

interface Watched {
  pid: number;
  workDir: string;
  limits: Limits;
}

const EVERY_MS = 1_000;
const BLOCK_BYTES = 512;
const MAX_ENTRIES = 100_000;

/** The bytes that a folder takes on disk, links not followed, counted up to `enough`; infinite beyond 100,000 files. */
const folderBytes = async (folder: string, enough: number): Promise<number> => {
  let bytes = 0;
  let entries = 0;
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined && bytes <= enough; next = waiting.pop()) {
    const found = await readdir(next, { withFileTypes: true }).catch(() => []);
    entries += found.length;
    if (entries > MAX_ENTRIES) {
      return Infinity;
    }
    for (const entry of found) {
      const path = join(next, entry.name);
      bytes += ((await lstat(path).catch(() => undefined))?.blocks ?? 0) * BLOCK_BYTES;
      if (entry.isDirectory()) {
        waiting.push(path);
      }
    }
  }
  return bytes;
};

const mib = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;

const look = async ({ pid, workDir, limits }: Watched): Promise<Excess | undefined> => {
  const { memoryBytes, workDirBytes } = limits;
  const { processes, residentBytes } = await treeUsage(pid, 2 * limits.processes);
  if (residentBytes > memoryBytes) {
    const text = `used ${mib(residentBytes)} of memory, may use ${mib(memoryBytes)}`;
    return { of: 'memory', text };
  }
  // The kernel counts threads if it counts at all. More processes than the limit on threads are never right.
  if (processes > limits.processes) {
    return { of: 'processes', text: `ran ${processes} processes, may run ${limits.processes}` };
  }
  if (Number.isFinite(workDirBytes) && (await folderBytes(workDir, workDirBytes)) > workDirBytes) {
    return { of: 'disk', text: `wrote more than ${mib(workDirBytes)} to its work folder` };
  }
  return undefined;
};

/**
 * Looks once a second at what the kernel does not limit for a whole process tree: memory, work folder, number of
 * processes. Calls `onExcess` at the first excess, and stops.
 */
export const watchLimits = (
  { clock, ...watched }: Watched & { clock: Clock },
  onExcess: (excess: Excess) => void,
): Repetition => {
  const watching = every({ clock, everyMs: EVERY_MS, isPauseFirst: true }, async (stopped) => {
    const excess = await look(watched);
    if (excess !== undefined && !stopped.aborted) {
      void watching.stop();
      onExcess(excess);
    }
  });
  return watching;
};
