import { totalmem } from 'node:os';

/** The memory that this process may use, in bytes. It is less than the machine has if a container limits it. */
export const machineMemory = (): number =>
  // `constrainedMemory` is 0 or larger than the machine if there is no limit.
  Math.min(totalmem(), process.constrainedMemory() || Infinity);
