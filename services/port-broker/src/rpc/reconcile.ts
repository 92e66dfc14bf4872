import type { ReconcileRequest, ReconcileResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';

/** Compares the records with the sockets of the host now. */
export const reconcile =
  ({ leaseManager, events, visualizations }: Context): Unary<ReconcileRequest, ReconcileResponse> =>
  async () => {
    const endedProcesses = await visualizations.manager.sweep();
    const sweep = await leaseManager.reconcile();
    events.reconciled(sweep);
    const { expired, ...found } = sweep;
    return { ...found, expiredLeaseIds: expired, endedProcesses };
  };
