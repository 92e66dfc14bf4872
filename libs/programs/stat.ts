import { readdirSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';

export interface ProcessStat {
  pid: number;
  /** It has ended, and only its parent has still to reap it. */
  isDead: boolean;
  /** Until it continues, only SIGKILL and SIGCONT act on it. */
  isStopped: boolean;
  parent: number;
  group: number;
  /** User and system time of its own, in clock ticks (100 a second). */
  cpuTicks: number;
  /** Clock ticks since boot at which it started. */
  startTicks: string;
  residentBytes: number;
  threads: number;
}

const PAGE_BYTES = 4_096;

/** undefined: there is none. Source: proc_pid_stat(5). */
export const statOf = (pid: number): ProcessStat | undefined => {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses, which may itself contain blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const number = (field: number): number => Number(fields[field - 3]);
  return {
    pid,
    isDead: fields[0] === 'Z' || fields[0] === 'X',
    isStopped: fields[0] === 'T' || fields[0] === 't',
    parent: number(4),
    group: number(5),
    cpuTicks: number(14) + number(15),
    startTicks: fields[19] ?? '',
    residentBytes: number(24) * PAGE_BYTES,
    threads: number(20),
  };
};

export const allProcesses = (): ProcessStat[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => statOf(Number(entry)) ?? []);

/** What a process was started with, as `NAME=value`; empty for processes of other people, and those that are gone. */
export const environmentOf = (pid: number): string[] => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
};

/** A process and all its descendants, at most `most`, so that a tree that grows faster than it can be read holds nobody. */
export const processTree = async (pid: number, most = 10_000): Promise<number[]> => {
  const found: number[] = [];
  const waiting = [pid];
  for (let next = waiting.pop(); next !== undefined && found.length < most; next = waiting.pop()) {
    found.push(next);
    waiting.push(...(await childrenOf(next)));
  }
  return found;
};

/** The kernel answers from memory, so a pool of threads would only add its own time; between processes others have their turn. */
const childrenOf = async (pid: number): Promise<number[]> => {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  return threads.flatMap((tid) => {
    try {
      const list = readFileSync(`/proc/${pid}/task/${tid}/children`, 'utf8');
      return list.split(' ').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
};

/**
 * How many a process and its descendants are, and their CPU time in clock ticks (100 a second). What ends meanwhile counts as nothing.
 * `usageOf` of `libs/sandbox` tells their memory.
 */
export const treeUsage = async (
  pid: number,
  most?: number,
): Promise<{ processes: number; cpuTicks: number }> => {
  const usage = { processes: 0, cpuTicks: 0 };
  for (const each of await processTree(pid, most)) {
    const stat = statOf(each);
    usage.processes += stat === undefined ? 0 : 1;
    usage.cpuTicks += stat?.cpuTicks ?? 0;
  }
  return usage;
};
