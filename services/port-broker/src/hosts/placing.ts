import { isDomainError } from '#libs/errors/index.ts';

/** A host that may get something new. */
interface Candidate {
  host: string;
  /** Free ports of the pool; undefined: it has no such pool. */
  free: number | undefined;
}

/** The order in which hosts are tried: the one that has it, then those with the most free ports, `own` first among equals. */
export const inOrder = (
  candidates: readonly Candidate[],
  own: string,
  has: string | undefined,
): string[] => {
  const rank = ({ host }: Candidate): number => (host === has ? 0 : 1);
  const nearness = ({ host }: Candidate): number => (host === own ? 0 : 1);
  return [...candidates]
    .sort(
      (a, b) =>
        rank(a) - rank(b) ||
        (b.free ?? -1) - (a.free ?? -1) ||
        nearness(a) - nearness(b) ||
        (a.host < b.host ? -1 : 1),
    )
    .map(({ host }) => host);
};

/** Refusals that another host may not give: no room, no share left, or a missing pool, case or program. */
const ELSEWHERE = new Set([
  'PORT_POOL_EXHAUSTED',
  'PORT_SHARE_USED',
  'CUSTOMER_MEMORY_USED',
  'CUSTOMER_DISK_USED',
  'HOST_DISK_SHORT',
  'PORT_TAKEN',
  'PORT_POOL_UNKNOWN',
  'PORT_NOT_IN_POOL',
  'CASE_NOT_FOUND',
  'WORKER_KIND_UNKNOWN',
  'PROGRAM_MISSING',
]);

/** Whether the next host may accept what this one refused. */
export const isForOthers = (thrown: unknown): boolean =>
  isDomainError(thrown) && ELSEWHERE.has(thrown.reason);
