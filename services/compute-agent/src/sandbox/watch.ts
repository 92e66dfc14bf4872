import { every } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { Limits } from './limits.ts';
import { treeUsage } from '#libs/programs/index.ts';
import { folderBytes } from './folder-bytes.ts';

/** The limit that a process tree exceeded, with a text for people. */
export interface Excess {
  of: 'memory' | 'disk' | 'processes';
  text: string;
}

const EVERY_MS = 1_000;

const mib = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;

const look = async (pid: number, workDir: string, limits: Limits): Promise<Excess | undefined> => {
  const { processes, residentBytes } = await treeUsage(pid, 2 * limits.processes);
  if (residentBytes > limits.memoryBytes) {
    return {
      of: 'memory',
      text: `used ${mib(residentBytes)} of memory, may use ${mib(limits.memoryBytes)}`,
    };
  }
  // The kernel counts threads if it counts at all. More processes than the limit on threads are never right.
  if (processes > limits.processes) {
    return { of: 'processes', text: `ran ${processes} processes, may run ${limits.processes}` };
  }
  if ((await folderBytes(workDir, limits.workDirBytes)) > limits.workDirBytes) {
    return { of: 'disk', text: `wrote more than ${mib(limits.workDirBytes)} to its work folder` };
  }
  return undefined;
};

/**
 * Watches once a second what the kernel does not limit for a whole process tree: memory, work folder, number
 * of processes. Calls `onExcess` at the first excess, and stops. The returned function stops it too.
 */
export const watchLimits = (
  options: { pid: number; workDir: string; limits: Limits; clock: Clock },
  onExcess: (excess: Excess) => void,
): (() => void) => {
  const watching = every(
    { clock: options.clock, everyMs: EVERY_MS, isPauseFirst: true },
    async (stopped) => {
      const excess = await look(options.pid, options.workDir, options.limits);
      if (excess === undefined || stopped.aborted) {
        return;
      }
      void watching.stop();
      onExcess(excess);
    },
  );
  return () => void watching.stop();
};
