/**
 * One position of a workload's journal. `E` is the kind of entry; it must be something that BSON can hold.
 */
export interface JournalDocument<E> {
  /** The workload. */
  workload: string;
  /** The position, from 1. It is unique together with `workload`, so only one of two writers gets it. */
  n: number;
  /** Random. By it a writer recognises its own document after a lost answer. */
  appendId: string;
  /** The instance that wrote it. */
  by: string;
  /** The writer's wall clock, for people. */
  at: Date;
  /** What happened, in order. At least one. */
  entries: E[];
  /** `<task>/<generation>` of every result that is accepted here. Unique together with `workload`, as a second guard. */
  accepted?: string[];
}

/** A folded state as of a position. It spares a reader the journal up to there. */
export interface Snapshot {
  workload: string;
  n: number;
  /** The version of the fold that made it. A snapshot of another version is ignored. */
  foldVersion: number;
  /** The state in a form that BSON can hold. */
  state: unknown;
}
