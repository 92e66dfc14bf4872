import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a process tree uses at this moment. */
export interface TreeUsage {
  processes: number;
  /** Resident memory, shared pages counted once per process. */
  residentBytes: number;
}

const PAGE_BYTES = 4_096;

const children = async (pid: number): Promise<number[]> => {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((tid) => readFile(`/proc/${pid}/task/${tid}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
};

/**
 * Adds up a process and all its descendants, from /proc. What ends while it looks counts as nothing. Never looks at more
 * than `most` processes, so that a tree that grows faster than it can be read does not hold it.
 */
export const treeUsage = async (pid: number, most = 10_000): Promise<TreeUsage> => {
  const usage = { processes: 0, residentBytes: 0 };
  const waiting = [pid];
  for (let next = waiting.pop(); next !== undefined && usage.processes < most; next = waiting.pop()) {
    const statm = await readFile(`/proc/${next}/statm`, 'utf8').catch(() => undefined);
    if (statm !== undefined) {
      usage.processes += 1;
      usage.residentBytes += Number(statm.split(' ')[1]) * PAGE_BYTES;
      waiting.push(...(await children(next)));
    }
  }
  return usage;
};

const BLOCK_BYTES = 512;
const MOST_ENTRIES = 100_000;

/**
 * Bytes that a folder takes on disk, links not followed. Stops counting beyond `enough` bytes; a folder of more than
 * 100,000 entries counts as infinite.
 */
export const folderBytes = async (folder: string, enough = Infinity): Promise<number> => {
  let bytes = 0;
  let entries = 0;
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined && bytes <= enough; next = waiting.pop()) {
    const found = await readdir(next, { withFileTypes: true }).catch(() => []);
    entries += found.length;
    if (entries > MOST_ENTRIES) {
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
