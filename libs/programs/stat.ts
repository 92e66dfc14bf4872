import { readdirSync, readFileSync } from 'node:fs';

/** A process at one moment. */
export interface ProcessStat {
  pid: number;
  /** One that has ended and has only to be reaped is no process any more, to anybody but its parent. */
  isDead: boolean;
  /** It hears no signal but SIGKILL and SIGCONT until it goes on. */
  isStopped: boolean;
  parent: number;
  group: number;
  /** User and system time of its own, in clock ticks (100 a second). */
  cpuTicks: number;
  /** Clock ticks since boot at which it started. */
  startTicks: string;
  residentBytes: number;
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
  };
};

/** Every process that there is. */
export const allProcesses = (): ProcessStat[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => statOf(Number(entry)) ?? []);
