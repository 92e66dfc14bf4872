import type { Folding } from '#libs/journal/index.ts';
import { isKnownEntry, type Entry } from '../../domain/state/entries.ts';
import { FOLD_VERSION, foldDocument } from '../../domain/state/fold.ts';
import { freeze, thaw } from '../../domain/state/snapshot.ts';
import type { WorkloadState } from '../../domain/state/workload.ts';

/** The journal has an entry of a kind that this build does not know. This build may neither own nor show the workload. */
export class UnknownEntryError extends Error {
  override readonly name = 'UnknownEntryError';
}

/** Folds a workload's journal into its state. */
export const folding: Folding<WorkloadState, Entry> = {
  version: FOLD_VERSION,
  apply: (state, document) => {
    const unknown = document.entries.find((entry) => !isKnownEntry(entry));
    if (unknown !== undefined) {
      const { kind } = unknown as { kind: string };
      throw new UnknownEntryError(
        `position ${document.n} of ${document.workload} has an entry of kind ${kind}; update this service`,
      );
    }
    return foldDocument(state, document);
  },
  freeze,
  thaw,
};
