import { catchUp, load } from '#libs/journal/index.ts';
import type { Entry } from '../../domain/state/entries.ts';
import { begin, type WorkloadState } from '../../domain/state/workload.ts';
import { headerOf, type WorkloadDocument } from '../../store/workload-document.ts';
import { folding } from '../loop/folding.ts';
import { appendEpoch } from './append-epoch.ts';
import type { SessionDeps } from './deps.ts';

interface TakeOver {
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
  const { journal, workloads, instance, clock, events } = deps;
  const id = document._id;
  let loaded = await load(journal, id, begin(headerOf(document)), folding);
  let isFenced = false;
  for (;;) {
    const formerOwner = loaded.state.owner || document.firstOwner;
    const isMine = formerOwner === instance && (isFenced || !isNewEpoch);
    if (isMine && !loaded.state.closed) {
      return loaded.state;
    }
    if (isMine && isFenced) {
      // It still names an owner because the last write after its end was lost.
      await workloads.disown(id, instance, new Date(clock.now()));
      return undefined;
    }
    // A closed workload stays closed but is fenced too, even if this replica was its last owner. A replica that froze while it
    // reopened the workload must not find the position free when it wakes.
    const fence: Entry = { kind: 'taken-over', owner: instance };
    const isWritten = await appendEpoch(deps, id, loaded.n + 1, [fence], signal);
    loaded = await catchUp(journal, id, loaded, folding);
    if (isWritten) {
      isFenced = true;
      events.workloadTakenOver(id, formerOwner, loaded.n);
    } else if ((await workloads.find(id))?.owner !== instance) {
      return undefined;
    }
  }
};
