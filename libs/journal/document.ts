/**
 * One position of a workload's journal. `E` is the kind of entry; it must be something that BSON can hold.
 */
export interface JournalDocument<E> {
  /** The workload. */
  workload: string;
  /** The position, 1 for the first. Unique with `workload`: of two writers only one gets it. */
  n: number;
  /** Random, so that a writer recognises its own document when it had no answer. */
  appendId: string;
  /** The instance that wrote it. */
  by: string;
  /** The writer's wall clock, for people. */
  at: Date;
  /** What happened, in order. At least one. */
  entries: E[];
  /** `<task>/<generation>` of every result that is accepted here. Unique with `workload`: a second guard. */
  accepted?: string[];
}

/** A folded state as of a position, so that a reader need not begin at the start. */
export interface Snapshot {
  workload: string;
  n: number;
  /** The version of the fold that made it; another version's is ignored. */
  foldVersion: number;
  /** The state in a form that BSON can hold. */
  state: unknown;
}
