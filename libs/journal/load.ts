import type { JournalDocument, JournalStore, Snapshot } from './store.ts';

/** How a journal becomes a state. Every function is pure. */
export interface Folding<S, E> {
  /** The version of `apply`; snapshots of another are ignored. */
  version: number;
  /** Folds one document into a new state; the old state does not change. */
  apply(state: S, document: JournalDocument<E>): S;
  /** The state in a form that BSON can hold. */
  freeze(state: S): unknown;
  /** The inverse of `freeze`. It may throw for anything that `freeze` did not make. */
  thaw(frozen: unknown, initial: S): S;
}

/** A state and the position that it shows. */
export interface Loaded<S> {
  state: S;
  n: number;
}

/** Folds a workload's journal from its snapshot, or from the start if this fold cannot read a snapshot. */
export const load = async <S, E>(
  store: JournalStore<E>,
  workload: string,
  initial: S,
  folding: Folding<S, E>,
): Promise<Loaded<S>> => {
  const snapshot = await store.readSnapshot(workload);
  const from = snapshot && thawed(snapshot, initial, folding);
  return catchUp(store, workload, from ?? { state: initial, n: 0 }, folding);
};

const thawed = <S, E>(
  { foldVersion, n, state }: Snapshot,
  initial: S,
  folding: Folding<S, E>,
): Loaded<S> | undefined => {
  try {
    return foldVersion === folding.version ? { state: folding.thaw(state, initial), n } : undefined;
  } catch {
    // A bad snapshot costs only time, because the journal is complete.
    return undefined;
  }
};

/**
 * Folds the documents after a state, up to the position `last`. It stops at a gap; only a reader that is ahead of the
 * store's majority sees one.
 */
export const catchUp = async <S, E>(
  store: JournalStore<E>,
  workload: string,
  from: Loaded<S>,
  folding: Folding<S, E>,
  last = Infinity,
): Promise<Loaded<S>> => {
  let { state, n } = from;
  if (n >= last) {
    return from;
  }
  for await (const document of store.read(workload, n)) {
    if (document.n !== n + 1) {
      break;
    }
    state = folding.apply(state, document);
    n = document.n;
    if (n >= last) {
      break;
    }
  }
  return { state, n };
};
