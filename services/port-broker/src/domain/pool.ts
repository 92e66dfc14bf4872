/** A range of ports that are leased, and on what terms. */
export interface Pool {
  name: string;
  /** Both ends belong to the range. */
  first: number;
  last: number;
  /** Ports below this one go only to callers that name them. */
  firstAny: number;
  /** The most leases at a time. */
  maxLeases: number;
  /** The most leases of one customer at a time. */
  maxPerCustomer: number;
  minTtlMs: number;
  maxTtlMs: number;
  defaultTtlMs: number;
}

/** A range of ports that the kernel uses itself, and the name of its setting. */
export interface KernelRange {
  first: number;
  last: number;
  setting: string;
}

/**
 * What is wrong with a set of pools, in words; empty if nothing is. Two pools must not share a port, because it would
 * have two holders. The kernel must not give a port of a pool to outgoing connections.
 */
export const poolProblems = (pools: readonly Pool[], kernel: readonly KernelRange[]): string[] => {
  const problems: string[] = [];
  for (const [i, pool] of pools.entries()) {
    for (const other of pools.slice(i + 1)) {
      if (pool.name === other.name) {
        problems.push(`there are two pools ${pool.name}`);
      } else if (meet(pool, other)) {
        problems.push(`pools ${said(pool)} and ${said(other)} overlap`);
      }
    }
    for (const range of kernel) {
      if (meet(pool, range)) {
        problems.push(
          `pool ${said(pool)} meets ports ${range.first}-${range.last} of ${range.setting}`,
        );
      }
    }
  }
  return problems;
};

type Range = Pick<Pool, 'first' | 'last'>;

const meet = (a: Range, b: Range): boolean => a.first <= b.last && b.first <= a.last;

const said = ({ name, first, last }: Pool): string => `${name} (${first}-${last})`;
