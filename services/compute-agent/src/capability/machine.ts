import { availableParallelism, totalmem } from 'node:os';

/** What a machine has for its tasks, all of them together. */
export interface Machine {
  cpus: number;
  memoryBytes: number;
}

/** What this process may use: less than the machine has where a container's limits say so. */
export const findMachine = (): Machine => ({
  cpus: availableParallelism(),
  // Without a limit this is 0, or larger than the machine.
  memoryBytes: Math.min(totalmem(), process.constrainedMemory() || Infinity),
});
