import { readdir, readFile, readlink } from 'node:fs/promises';
import { statOf } from './stat.ts';

/**
 * A process, told from any other that ever had or will have its number: a pid is given again, but not with the same
 * start time within one boot of the machine. Linux only: it reads /proc.
 */
export interface ProcessIdentity {
  bootId: string;
  pid: number;
  /** Clock ticks since boot at which it started. */
  startTicks: string;
}

export const readBootId = async (): Promise<string> =>
  (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();

/** When the process started; undefined when there is none, or it is dead and has only to be reaped. */
const startTicksOf = (pid: number): string | undefined => {
  const stat = statOf(pid);
  return stat?.isDead === false ? stat.startTicks : undefined;
};

export const identityOf = async (pid: number): Promise<ProcessIdentity | undefined> => {
  const startTicks = startTicksOf(pid);
  return startTicks === undefined ? undefined : { bootId: await readBootId(), pid, startTicks };
};

/** Whether this very process still runs. */
export const isAlive = async ({ bootId, pid, startTicks }: ProcessIdentity): Promise<boolean> =>
  startTicksOf(pid) === startTicks && (await readBootId()) === bootId;

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

/** Whether the process was started with all these values in its environment; false for other people's processes. */
export const wasStartedWith = async (
  pid: number,
  values: Readonly<Record<string, string>>,
): Promise<boolean> => {
  const environment = new Set(
    (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).split('\0'),
  );
  return Object.entries(values).every(([name, value]) => environment.has(`${name}=${value}`));
};

/** The running processes that were. */
export const findByEnvironment = async (
  values: Readonly<Record<string, string>>,
): Promise<ProcessIdentity[]> => {
  const found: ProcessIdentity[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) {
      continue;
    }
    const pid = Number(entry);
    // Ticks first: were the number given again in between, they would no longer fit when it is signalled.
    const identity = await identityOf(pid);
    if (identity !== undefined && (await wasStartedWith(pid, values))) {
      found.push(identity);
    }
  }
  return found;
};

/** Signals this very process; nothing happens when it is gone. */
export const signal = async (identity: ProcessIdentity, name: NodeJS.Signals): Promise<void> => {
  if (!(await isAlive(identity))) {
    return;
  }
  try {
    process.kill(identity.pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) {
      throw error;
    }
  }
};
