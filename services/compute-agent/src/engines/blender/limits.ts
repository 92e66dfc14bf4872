import type { Limits } from '../../sandbox/index.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/**
 * Limits for a renderer that may use `memoryBytes` of memory and `cpus` processors. Blender reserves 2 GiB of address space
 * before it has a scene, and starts several threads per processor.
 */
export const rendererLimits = (memoryBytes: number, cpus: number): Limits => ({
  memoryBytes,
  addressSpaceBytes: 2 * memoryBytes + 8 * GIB,
  workDirBytes: 8 * GIB,
  fileBytes: 4 * GIB,
  tmpBytes: 512 * MIB,
  processes: 256 + 16 * cpus,
  openFiles: 4_096,
});
