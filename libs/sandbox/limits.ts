/** What one confined process tree may use. All sizes in bytes. */
export interface Limits {
  /** Resident memory of all its processes together. The watch ends the tree beyond it. */
  memoryBytes: number;
  /** Address space of each process, the hard limit between two looks. Programs reserve far more than they use. Infinite: no limit. */
  addressSpaceBytes: number;
  /** Everything in the work folder together. The watch ends the tree beyond it. Infinite: it does not look, which takes long if files are many. */
  workDirBytes: number;
  /** The longest file that can be written. */
  fileBytes: number;
  /** The sandbox's own /tmp, which lives in memory. */
  tmpBytes: number;
  /** Its /dev/shm, through which processes of one program talk; 16 MiB by default. */
  shmBytes?: number;
  /** Processes and threads together. */
  processes: number;
  /** Open files of each process. */
  openFiles: number;
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Limits for a short program. */
export const helperLimits: Limits = {
  memoryBytes: 4 * GIB,
  addressSpaceBytes: 8 * GIB,
  workDirBytes: 64 * MIB,
  fileBytes: 64 * MIB,
  tmpBytes: 16 * MIB,
  processes: 128,
  openFiles: 256,
};

/** Limits for a program that decodes pictures, each of which it keeps in its work folder. */
export const decoderLimits: Limits = {
  ...helperLimits,
  workDirBytes: 5 * GIB,
  fileBytes: 4 * GIB,
};

/**
 * Limits for a renderer that may use `memoryBytes` of memory and `cpus` processors. Blender reserves 2 GiB of address
 * space before it has a scene, and starts several threads per processor.
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

/**
 * Limits for a solver of `ranks` processes that may use `memoryBytes` of memory together, and `diskBytes` of disk. MPI wants 64 MiB
 * of shared memory and 8 MiB for each process, and dies if there is less.
 */
export const solverLimits = (
  { memoryBytes, diskBytes }: { memoryBytes: number; diskBytes: number },
  ranks: number,
): Limits => ({
  memoryBytes,
  addressSpaceBytes: 2 * memoryBytes + 8 * GIB,
  workDirBytes: diskBytes,
  fileBytes: diskBytes,
  tmpBytes: 512 * MIB,
  shmBytes: (64 + 8 * ranks) * MIB,
  processes: 256 + 16 * ranks,
  openFiles: 4_096,
});

/** The command line that sets the limits which the kernel enforces for the command after it. */
export const prlimit = (limits: Limits, options: { countProcesses: boolean }): string[] => [
  '/usr/bin/prlimit',
  `--as=${Number.isFinite(limits.addressSpaceBytes) ? limits.addressSpaceBytes : 'unlimited'}`,
  `--fsize=${limits.fileBytes}`,
  `--nofile=${limits.openFiles}`,
  '--core=0',
  ...(options.countProcesses ? [`--nproc=${limits.processes}`] : []),
  '--',
];
