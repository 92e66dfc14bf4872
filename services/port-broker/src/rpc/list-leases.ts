import type { ListLeasesRequest, ListLeasesResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { cutPage, parsePage } from '#libs/pages/index.ts';
import type { Context } from '../context.ts';
import type { Lease } from '../domain/lease.ts';
import { visibleLeases } from './callers.ts';
import { leaseToProto } from '../wire/lease.ts';

export const listLeases =
  (ctx: Context): Unary<ListLeasesRequest, ListLeasesResponse> =>
  async (request, { caller }) => {
    const { pool, includeEnded } = request;
    const { size, after } = parsePage(request, 'leases', 3);
    const found = visibleLeases(ctx, caller, pool)
      .filter(({ end }) => includeEnded || end === undefined)
      .filter((lease) => after === undefined || isAfter(lease, after))
      .slice(0, size + 1);
    const { page, nextPageToken } = cutPage(found, size, 'leases', (lease) => [
      lease.pool,
      String(lease.port),
      String(lease.token),
    ]);
    return {
      leases: page.map((lease) => leaseToProto(ctx.leaseManager.table().host, lease)),
      nextPageToken,
      unreachableHosts: [],
    };
  };

const isAfter = (lease: Lease, [pool = '', port, token]: readonly string[]): boolean =>
  lease.pool > pool ||
  (lease.pool === pool &&
    (lease.port > Number(port) || (lease.port === Number(port) && lease.token > Number(token))));
