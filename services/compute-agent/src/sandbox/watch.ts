import { every } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { Limits } from './limits.ts';
import { treeUsage } from '#libs/programs/index.ts';
import { folderBytes } from './folder-bytes.ts';

/** Which limit a process tree went over, in words. */
export interface Excess {
  of: 'memory' | 'disk' | 'processes';
  text: string;
}

const EVERY_MS = 1_000;

const mib = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;

const look = async (pid: number, workDir: string, limits: Limits): Promise<Excess | undefined> => {
  const { processes, residentBytes } = await treeUsage(pid, 2 * limits.processes);
  if (residentBytes > limits.memoryBytes) {
    return { of: 'memory', text: `used ${mib(residentBytes)} of memory, may use ${mib(limits.memoryBytes)}` };
  }
  // The kernel counts threads where it counts at all; whole processes beyond that number are never right.
  if (processes > limits.processes) {
    return { of: 'processes', text: `ran ${processes} processes, may run ${limits.processes}` };
  }
  if ((await folderBytes(workDir, limits.workDirBytes)) > limits.workDirBytes) {
    return { of: 'disk', text: `wrote more than ${mib(limits.workDirBytes)} to its work folder` };
  }
  return undefined;
};

/**
 * Looks once a second at what no resource limit of the kernel bounds for a whole process tree: memory, work folder, number
 * of processes. Calls `onExcess` once, at the first one over, and then stops. Stop it with the function it returns.
 */
export const watchLimits = (
  options: { pid: number; workDir: string; limits: Limits; clock: Clock },
  onExcess: (excess: Excess) => void,
): (() => void) => {
  const watching = every({ clock: options.clock, everyMs: EVERY_MS, isPauseFirst: true }, async (stopped) => {
    const excess = await look(options.pid, options.workDir, options.limits);
    if (excess === undefined || stopped.aborted) return;
    void watching.stop();
    onExcess(excess);
  });
  return () => void watching.stop();
};
