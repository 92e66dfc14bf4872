import { append, catchUp, load, type Loaded } from '#libs/journal/index.ts';
import { begin, type WorkloadState } from '../../domain/state/workload.ts';
import { headerOf, type WorkloadDocument } from '../../store/workload-document.ts';
import type { SessionDeps } from './deps.ts';
import { folding } from '../loop/folding.ts';

/** A workload to take over. */
export interface TakeOver {
  /** Names this replica as its owner. */
  document: WorkloadDocument;
  /** Begin a new epoch even if this replica was the last owner. */
  isNewEpoch: boolean;
  signal: AbortSignal;
}

/**
 * Folds a workload and, if a new epoch begins, appends `taken-over`. From that position on no other replica can write. Returns
 * undefined if the workload is closed or names another owner by now.
 */
export const takeOver = async (
  deps: SessionDeps,
  { document, isNewEpoch, signal }: TakeOver,
): Promise<WorkloadState | undefined> => {
  const { journal, instance, events } = deps;
  let loaded = await load(journal, document._id, begin(headerOf(document)), folding);
  let isFenced = false;
  for (;;) {
    const formerOwner = loaded.state.owner || document.firstOwner;
    const isMine = formerOwner === instance && (isFenced || !isNewEpoch);
    if (isMine && !loaded.state.closed) {
      return loaded.state;
    }
    if (isMine && isFenced) {
      await closeUp(deps, loaded);
      return undefined;
    }
    // A closed workload stays closed but is fenced too, even if this replica was its last owner. A replica that froze while it
    // reopened the workload must not find the position free when it wakes.
    const outcome = await appendTakenOver(deps, document._id, loaded.n + 1, signal);
    loaded = await catchUp(journal, document._id, loaded, folding);
    if (outcome === 'written') {
      isFenced = true;
      events.workloadTakenOver(document._id, formerOwner, loaded.n);
      continue;
    }
    const now = await deps.workloads.find(document._id);
    if (now?.owner !== instance) {
      return undefined;
    }
  }
};

const appendTakenOver = async (
  { journal, instance, clock, random, events }: SessionDeps,
  workload: string,
  n: number,
  signal: AbortSignal,
): Promise<'written' | 'refused'> => {
  const document = {
    workload,
    n,
    appendId: random.id('a'),
    by: instance,
    at: new Date(clock.now()),
    entries: [{ kind: 'taken-over' as const, owner: instance }],
  };
  const onUnknown = (cause: unknown): void => events.appendUnknown(workload, cause);
  const outcome = await append(journal, document, { clock, random, signal, onUnknown });
  return outcome.kind === 'written' ? 'written' : 'refused';
};

/** Disowns a closed workload that still names an owner, because the last write after its end was lost. */
const closeUp = async (
  { workloads, instance, clock }: SessionDeps,
  { state }: Loaded<WorkloadState>,
): Promise<void> => {
  await workloads.disown(state.header.id, instance, new Date(clock.now()));
};
