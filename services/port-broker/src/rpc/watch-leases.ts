import type { WatchLeasesRequest, WatchLeasesResponse } from '#libs/contracts/port.ts';
import type { CallContext, ServerStream } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import type { Lease } from '../domain/lease.ts';
import { findPool, reach, visibleLeases } from './callers.ts';
import { leaseToProto } from './lease-proto.ts';

/** Tells which leases there are, then every change; of one lease only the latest that the reader has not taken yet. */
export const watchLeases = (ctx: Context): ServerStream<WatchLeasesRequest, WatchLeasesResponse> =>
  async function* ({ pool }, call) {
    if (pool !== '') findPool(ctx, pool);
    const { host } = ctx.desk.book();
    const owner = reach(call.caller);
    const changed = new Map<string, Lease>();
    let wake: (() => void) | undefined;
    const stopListening = ctx.desk.onChange((lease) => {
      if ((owner !== undefined && lease.owner !== owner) || (pool !== '' && lease.pool !== pool)) return;
      changed.set(lease.id, lease);
      wake?.();
    });
    const stopWaiting = onEnd(call, () => wake?.());
    const isOver = (): boolean => call.signal.aborted || call.draining.aborted;
    try {
      for (const lease of visibleLeases(ctx, call.caller, pool)) {
        if (lease.end === undefined) yield { lease: leaseToProto(host, lease) };
      }
      yield { lease: undefined };
      while (!isOver()) {
        for (const [id, lease] of changed) {
          changed.delete(id);
          yield { lease: leaseToProto(host, lease) };
        }
        if (changed.size === 0 && !isOver()) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      if (call.draining.aborted) throw call.draining.reason;
    } finally {
      stopListening();
      stopWaiting();
    }
  };

/** Calls `fn` when nobody listens any more or this process is to end. */
const onEnd = ({ signal, draining }: CallContext, fn: () => void): (() => void) => {
  signal.addEventListener('abort', fn);
  draining.addEventListener('abort', fn);
  return () => {
    signal.removeEventListener('abort', fn);
    draining.removeEventListener('abort', fn);
  };
};
