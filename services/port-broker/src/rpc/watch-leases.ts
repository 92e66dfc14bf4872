import { watchLatest } from '#libs/async/index.ts';
import type { WatchLeasesRequest, WatchLeasesResponse } from '#libs/contracts/port.ts';
import type { ServerStream } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import type { Lease } from '../domain/lease.ts';
import { findPool, isVisible, visibleLeases } from './callers.ts';
import { leaseToProto } from '../wire/lease.ts';

/** Streams the leases that there are, then every change. A slow reader gets only the latest state of each lease. */
export const watchLeases = (ctx: Context): ServerStream<WatchLeasesRequest, WatchLeasesResponse> =>
  async function* ({ pool }, { caller, signal, draining }) {
    if (pool !== '') {
      findPool(ctx, pool);
    }
    const { leaseManager } = ctx;
    const { host } = leaseManager.table();
    const leases = watchLatest<string, Lease>({
      subscribe: (changed) =>
        leaseManager.onChange((lease) => {
          if (isVisible(lease, caller, pool)) {
            changed(lease.id, lease);
          }
        }),
      present: () => visibleLeases(ctx, caller, pool).filter(({ end }) => end === undefined),
      signal: AbortSignal.any([signal, draining]),
    });
    for await (const lease of leases) {
      yield { lease: lease === undefined ? undefined : leaseToProto(host, lease) };
    }
  };
