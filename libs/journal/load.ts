import type { JournalDocument, Snapshot } from './document.ts';
import type { JournalStore } from './store.ts';

/** How a journal becomes a state. All pure. */
export interface Folding<S, E> {
  /** The version of `apply`; snapshots of another are ignored. */
  version: number;
  /** Folds one document; answers a new state and leaves the old one as it was. */
  apply(state: S, document: JournalDocument<E>): S;
  /** The state in a form that BSON can hold. */
  freeze(state: S): unknown;
  /** The inverse of `freeze`. May throw for what `freeze` did not make. */
  thaw(frozen: unknown, initial: S): S;
}

/** A state and the position that it shows. */
export interface Loaded<S> {
  state: S;
  n: number;
}

/** Folds a workload's journal from its snapshot, or from the start where there is none that this fold can read. */
export const load = async <S, E>(
  store: JournalStore<E>,
  workload: string,
  initial: S,
  folding: Folding<S, E>,
): Promise<Loaded<S>> => {
  const snapshot = await store.readSnapshot(workload);
  return catchUp(store, workload, startFrom(snapshot, initial, folding), folding);
};

const startFrom = <S, E>(snapshot: Snapshot | undefined, initial: S, folding: Folding<S, E>): Loaded<S> => {
  if (snapshot?.foldVersion !== folding.version) return { state: initial, n: 0 };
  try {
    return { state: folding.thaw(snapshot.state, initial), n: snapshot.n };
  } catch {
    // A snapshot only saves time: whatever is wrong with it, the journal has it all.
    return { state: initial, n: 0 };
  }
};

/**
 * Folds what came after a state, up to the position `last`. Stops at a gap, which only a reader that overtakes the store's
 * majority can see.
 */
export const catchUp = async <S, E>(
  store: JournalStore<E>,
  workload: string,
  from: Loaded<S>,
  folding: Folding<S, E>,
  last = Infinity,
): Promise<Loaded<S>> => {
  let { state, n } = from;
  if (n >= last) return from;
  for await (const document of store.read(workload, n)) {
    if (document.n !== n + 1) break;
    state = folding.apply(state, document);
    n = document.n;
    if (n >= last) break;
  }
  return { state, n };
};
