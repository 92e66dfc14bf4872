import { treeUsage } from '#libs/programs/index.ts';

/** What a program and all its descendants may use together. */
export interface TreeLimit {
  /** Resident memory; pages that several share count for each. */
  memoryBytes: number;
  processes: number;
}

const mib = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;

/** What a program uses more of than it may, in words that continue its name; undefined: nothing. */
export const excessOf = async (
  pid: number,
  { memoryBytes, processes: most }: TreeLimit,
): Promise<string | undefined> => {
  const { processes, residentBytes } = await treeUsage(pid, 2 * most);
  if (residentBytes > memoryBytes) {
    return `used ${mib(residentBytes)} of memory, and may use ${mib(memoryBytes)}`;
  }
  return processes > most ? `ran ${processes} processes, and may run ${most}` : undefined;
};
