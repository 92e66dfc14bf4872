import { readdir, readFile, readlink } from 'node:fs/promises';
import { allProcesses, environmentOf, statOf, type ProcessStat } from './stat.ts';

/**
 * A process, told from any other that ever had or will have its number: a pid is given again, but not with the same
 * start time within one boot of the machine.
 */
export interface ProcessIdentity {
  bootId: string;
  pid: number;
  /** Clock ticks since boot at which it started. */
  startTicks: string;
}

export const readBootId = async (): Promise<string> =>
  (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();

/** undefined: there is none, or it is dead and has only to be reaped. */
export const identityOf = async (pid: number): Promise<ProcessIdentity | undefined> => {
  const stat = statOf(pid);
  return stat?.isDead === false
    ? { bootId: await readBootId(), pid, startTicks: stat.startTicks }
    : undefined;
};

const startedAt = (pid: number, startTicks: string): boolean => {
  const stat = statOf(pid);
  return stat?.isDead === false && stat.startTicks === startTicks;
};

/** Whether this very process still runs. */
export const isAlive = async ({ bootId, pid, startTicks }: ProcessIdentity): Promise<boolean> =>
  startedAt(pid, startTicks) && (await readBootId()) === bootId;

/** Whether a process has the file open; false for processes of other people. */
export const hasOpen = async (pid: number, path: string): Promise<boolean> => {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const descriptor of descriptors) {
    if ((await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')) === path) {
      return true;
    }
  }
  return false;
};

/** The variable that every process of ours carries, and whatever it starts: a random value that nobody else has. */
export const MARK = 'MUSTER_NONCE';

/** A process that carries a nonce, told from any other that has or had its number in this boot of the host. */
export interface Identity extends Pick<ProcessIdentity, 'pid' | 'startTicks'> {
  nonce: string;
}

/** Whether it still runs; it, and not another one with its number. */
export const isRunning = ({ nonce, pid, startTicks }: Identity): boolean =>
  startedAt(pid, startTicks) && noncesOf(pid).includes(nonce);

export const noncesOf = (pid: number): string[] =>
  environmentOf(pid)
    .filter((entry) => entry.startsWith(`${MARK}=`))
    .map((entry) => entry.slice(MARK.length + 1));

/** Every living process that carries one of the nonces, with those that it carries. */
export const carriersOf = (
  nonces: ReadonlySet<string>,
): { stat: ProcessStat; carried: string[] }[] =>
  allProcesses().flatMap((stat) => {
    const carried = stat.isDead ? [] : noncesOf(stat.pid).filter((nonce) => nonces.has(nonce));
    return carried.length === 0 ? [] : [{ stat, carried }];
  });

/** Every living process that carries one of the nonces. */
export const markedWith = (nonces: ReadonlySet<string>): ProcessStat[] =>
  carriersOf(nonces).map(({ stat }) => stat);
