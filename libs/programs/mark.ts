import { readFileSync } from 'node:fs';
import { allProcesses, statOf, type ProcessStat } from './stat.ts';

/** The variable that every process of ours carries, and whatever it starts: a random value that nobody else has. */
export const MARK = 'MUSTER_NONCE';

/** Whether a process carries a nonce; false for those of other people, and those that are gone. */
export const isMarked = (pid: number, nonce: string): boolean => noncesOf(pid).includes(nonce);

/** Whether it carries one of several. */
export const isMarkedWith = (pid: number, nonces: ReadonlySet<string>): boolean =>
  noncesOf(pid).some((nonce) => nonces.has(nonce));

/** Every living process that carries one of the nonces. */
export const markedWith = (nonces: ReadonlySet<string>): ProcessStat[] =>
  marked(nonces).map(({ stat }) => stat);

/** The nonces that a living process carries. */
export const livingOf = (nonces: ReadonlySet<string>): Set<string> =>
  new Set(marked(nonces).flatMap(({ carried }) => carried));

const marked = (nonces: ReadonlySet<string>): { stat: ProcessStat; carried: string[] }[] =>
  allProcesses().flatMap((stat) => {
    const carried = stat.isDead ? [] : noncesOf(stat.pid).filter((nonce) => nonces.has(nonce));
    return carried.length === 0 ? [] : [{ stat, carried }];
  });

const noncesOf = (pid: number): string[] => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
      .split('\0')
      .filter((entry) => entry.startsWith(`${MARK}=`))
      .map((entry) => entry.slice(MARK.length + 1));
  } catch {
    return [];
  }
};

/** One of our processes, told from any other that has or had its number in this boot of the host. */
export interface Identity {
  nonce: string;
  pid: number;
  /** Clock ticks since boot at which it started. */
  startTicks: string;
}

/** Whether it still runs; it, and not another one with its number. */
export const isRunning = ({ nonce, pid, startTicks }: Identity): boolean => {
  const stat = statOf(pid);
  return (
    stat !== undefined && !stat.isDead && stat.startTicks === startTicks && isMarked(pid, nonce)
  );
};
