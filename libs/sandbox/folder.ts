import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#libs/clock/index.ts';

/** What a folder takes on disk, links not followed. */
export interface FolderUsage {
  bytes: number;
  /** Files and folders in it. */
  entries: number;
}

const BLOCK_BYTES = 512;
/** How much longer than a measurement the pause after it is, because a case of a simulation has up to 200,000 files. */
const REST = 4;
const MAX_REST_MS = 5_000;

/** Measures a folder, up to `enough`: a folder that takes more is told as just that. */
export const folderUsage = async (
  folder: string,
  enough: FolderUsage = { bytes: Infinity, entries: Infinity },
): Promise<FolderUsage> => {
  const usage = { bytes: 0, entries: 0 };
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const found = await readdir(next, { withFileTypes: true }).catch(() => []);
    usage.entries += found.length;
    if (usage.entries > enough.entries || usage.bytes > enough.bytes) {
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

/** Measures a folder again and again. One that takes long is measured less often, and the last measurement is told meanwhile. */
export const folderMeter = (
  folder: string,
  clock: Pick<Clock, 'monotonic'>,
  enough?: FolderUsage,
): (() => Promise<FolderUsage>) => {
  let next = -Infinity;
  let measuring: Promise<FolderUsage> | undefined;
  return () => {
    const began = clock.monotonic();
    if (measuring === undefined || began >= next) {
      next = Infinity;
      measuring = folderUsage(folder, enough).finally(() => {
        const now = clock.monotonic();
        next = now + Math.min(REST * (now - began), MAX_REST_MS);
      });
    }
    return measuring;
  };
};
