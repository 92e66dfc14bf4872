/** One position of a workload's journal. `E` is the kind of entry; it must be something that BSON can hold. */
export interface JournalDocument<E> {
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

/**
 * The outcome of an insert. Only `written` is known to be durable; after `unknown` the document may be there or not.
 * * `duplicate` on `position`: the position is taken, perhaps by this very document.
 * * `duplicate` on `accepted`: a task's generation has its result already, perhaps by this very document.
 */
export type InsertOutcome =
  | { kind: 'written' }
  | { kind: 'duplicate'; key: 'position' | 'accepted' }
  | { kind: 'unknown'; cause: unknown };

/** Where journals are kept. Reads go to the primary, see majority writes only, and reject when the store does not answer. */
export interface JournalStore<E> {
  /** Writes one document, journaled on a majority. A missing answer is `unknown`, never an exception. */
  insert(document: JournalDocument<E>): Promise<InsertOutcome>;
  /** The document at a position; undefined if there is none. */
  find(workload: string, n: number): Promise<JournalDocument<E> | undefined>;
  /** The document at which the result with this guard key was accepted; undefined if there is none. */
  findAccepted(workload: string, key: string): Promise<JournalDocument<E> | undefined>;
  /** Streams the documents after position `after`, ascending. */
  read(workload: string, after: number): AsyncIterable<JournalDocument<E>>;
  /** The latest snapshot. */
  readSnapshot(workload: string): Promise<Snapshot | undefined>;
  /** Keeps a snapshot unless a later one is there. */
  writeSnapshot(snapshot: Snapshot): Promise<void>;
}
