import { readFileSync } from 'node:fs';
import { allProcesses, processTree, statOf } from '#libs/programs/index.ts';

/** Bytes that each connection of a forwarder has carried in and out. Each connection is a grandchild of the sandbox process. */
export const connectionsOf = (pid: number): Map<string, number> => {
  const all = allProcesses().filter(({ isDead }) => !isDead);
  const listener = all.find(({ parent }) => parent === pid);
  const children = all.filter(({ parent }) => parent === listener?.pid);
  return new Map(
    children.map(({ pid: child, startTicks }) => [`${child}/${startTicks}`, bytesOf(child)]),
  );
};

/** Bytes that a process has read and written so far, its ended children among them. Source: proc_pid_io(5). */
const bytesOf = (pid: number): number => {
  try {
    const io = readFileSync(`/proc/${pid}/io`, 'latin1');
    const [, read = '0'] = /rchar: (\d+)/.exec(io) ?? [];
    const [, written = '0'] = /wchar: (\d+)/.exec(io) ?? [];
    return Number(read) + Number(written);
  } catch {
    return 0;
  }
};

/** What a process tree uses: CPU time in clock ticks, resident memory in bytes. */
export const usageOf = async (
  pid: number,
): Promise<{ cpuTicks: number; residentBytes: number }> => {
  const usage = { cpuTicks: 0, residentBytes: 0 };
  for (const each of await processTree(pid)) {
    const stat = statOf(each);
    usage.cpuTicks += stat?.cpuTicks ?? 0;
    usage.residentBytes += stat?.residentBytes ?? 0;
  }
  return usage;
};
