import type {
  GetPoolStatusRequest,
  GetPoolStatusResponse,
  PoolStatus,
} from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { durationToProto } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import type { PoolTable } from '../domain/lease-table.ts';
import { findPool } from './callers.ts';

const MAX_NAMED = 100;

/** Answers how many ports of each pool are leased, free and unusable. */
export const getPoolStatus =
  (ctx: Context): Unary<GetPoolStatusRequest, GetPoolStatusResponse> =>
  async ({ pool: name }, { caller }) => {
    if (name !== '') {
      findPool(ctx, name);
    }
    const pools = [...ctx.leaseManager.table().pools.values()].filter(
      ({ pool }) => name === '' || pool.name === name,
    );
    return {
      pools: pools
        .map((of) => statusOf(ctx, of, caller?.subject ?? ''))
        .sort((a, b) => (a.pool < b.pool ? -1 : 1)),
      unreachableHosts: [],
    };
  };

const statusOf = (
  { leaseManager }: Context,
  { pool, free, leased, held, waiting }: PoolTable,
  owner: string,
): PoolStatus => {
  const { host, ports } = leaseManager.table();
  const inState = (kind: string): number[] => {
    const found: number[] = [];
    for (let port = pool.first; port <= pool.last; port += 1) {
      if (ports.get(port)?.state.kind === kind) {
        found.push(port);
      }
    }
    return found;
  };
  const [foreign, quarantined] = [inState('foreign'), inState('quarantined')];
  const trouble = leaseManager.trouble();
  return {
    pool: pool.name,
    host,
    firstPort: pool.first,
    lastPort: pool.last,
    firstAnyPort: pool.firstAny,
    maxLeases: pool.maxLeases,
    maxPerCustomer: pool.maxPerCustomer,
    ownLeases: held.get(owner) ?? 0,
    total: pool.last - pool.first + 1,
    leased,
    free: free.size,
    quarantined: quarantined.length,
    foreign: foreign.length,
    utilisation: Math.floor((leased * 10_000) / pool.maxLeases) / 100,
    waiting: waiting.size,
    isHealthy: trouble === '',
    healthMessage: trouble,
    foreignPorts: foreign.slice(0, MAX_NAMED),
    quarantinedPorts: quarantined.slice(0, MAX_NAMED),
    minTtl: durationToProto(pool.minTtlMs),
    maxTtl: durationToProto(pool.maxTtlMs),
    defaultTtl: durationToProto(pool.defaultTtlMs),
  };
};
