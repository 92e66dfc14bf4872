import { readdir, readFile } from 'node:fs/promises';

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
  for (const each of await processTree(pid, most)) {
    const statm = await readFile(`/proc/${each}/statm`, 'utf8').catch(() => undefined);
    if (statm === undefined) {
      continue;
    }
    usage.processes += 1;
    usage.residentBytes += Number(statm.split(' ')[1]) * PAGE_BYTES;
  }
  return usage;
};

/** A process and all its descendants, at most `most`. */
export const processTree = async (pid: number, most = 10_000): Promise<number[]> => {
  const found: number[] = [];
  const waiting = [pid];
  for (let next = waiting.pop(); next !== undefined && found.length < most; next = waiting.pop()) {
    found.push(next);
    waiting.push(...(await children(next)));
  }
  return found;
};
