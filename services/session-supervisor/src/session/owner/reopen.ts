import type { Entry, RequestMark } from '../../domain/state/entries.ts';
import { fold } from '../../domain/state/fold.ts';
import {
  refusalOfReopening,
  reopeningEntries,
  type Reopening,
} from '../../domain/decisions/reopen.ts';
import { isParked, readyCount, type WorkloadState } from '../../domain/state/workload.ts';
import type { WorkloadDocument } from '../../store/workload-document.ts';
import { appendEpoch } from './append-epoch.ts';
import type { SessionDeps } from './deps.ts';
import { alreadyRunning, refusalError } from './errors.ts';

/** A closed workload as it was read, and the command that reopens it. */
export interface ReopenRequest {
  document: WorkloadDocument;
  state: WorkloadState;
  command: Reopening;
  request: RequestMark | undefined;
}

/**
 * Opens a closed workload for a command. It takes a slot, if there is work to do that needs one, and the ownership, then appends the
 * new epoch and the command in one document. Returns false if the workload changed meanwhile and the caller must look again.
 * A replica that dies in between leaves a closed workload with an owner; the next owner fences and frees it (see `takeOver`).
 */
export const reopen = async (
  deps: SessionDeps,
  { document, state, command, request }: ReopenRequest,
  signal: AbortSignal,
): Promise<boolean> => {
  const { instance, workloads } = deps;
  const id = document._id;
  const refusal = refusalOfReopening(state, command) ?? stoppedRepair(state, command);
  if (refusal !== undefined) {
    throw refusalError(id, refusal);
  }
  const entries = reopeningEntries(state, command, request, instance);
  if (entries === undefined) {
    return true;
  }
  const { runningWorkloads } = await deps.customers.planOf(document.customer);
  const claimed = await workloads.reopen(id, {
    customer: document.customer,
    owner: instance,
    position: document.projection.position,
    slots: needsSlot(state, command, entries) ? runningWorkloads : undefined,
    // Who started it does not stand by when somebody rules.
    queues: isParked(state),
  });
  if (claimed.kind === 'full') {
    throw alreadyRunning(document.customer, claimed.running);
  }
  return claimed.kind === 'reopened' && appendEpoch(deps, id, state.position + 1, entries, signal);
};

/** Whether a workload takes a slot when it is opened. A repair works for results that had their slot before. */
const needsSlot = (
  state: WorkloadState,
  { kind }: Reopening,
  entries: readonly Entry[],
): boolean => {
  const at = { n: state.position + 1, at: 0 };
  const opened = entries.reduce((before, entry) => fold(before, entry, at), state);
  return kind === 'retry' || (kind === 'rule' && readyCount(opened) > 0);
};

/** The refusal of a repair of a stopped workload, because its customer wants no more work done for it. */
const stoppedRepair = ({ phase }: WorkloadState, { kind }: Reopening) =>
  kind === 'repair' && phase === 'stopped'
    ? ({ reason: 'WORKLOAD_ENDED', state: phase } as const)
    : undefined;
