import type { JournalDocument, Snapshot } from './document.ts';

/**
 * The outcome of an insert. Only `written` is known to be durable; after `unknown` the document may be there or not.
 * * `duplicate` on `position`: the position is taken, perhaps by this very document.
 * * `duplicate` on `accepted`: a task's generation has its result already, perhaps by this very document.
 */
export type InsertOutcome =
  | { kind: 'written' }
  | { kind: 'duplicate'; key: 'position' | 'accepted' }
  | { kind: 'unknown'; cause: unknown };

/** Where journals are kept. All reads go to the primary and see majority writes only. */
export interface JournalStore<E> {
  /** Writes one document, journaled on a majority. A missing answer is `unknown`, never an exception. */
  insert(document: JournalDocument<E>): Promise<InsertOutcome>;
  /** Answers one position, or undefined. Throws when the store does not answer. */
  find(workload: string, n: number): Promise<JournalDocument<E> | undefined>;
  /** Streams the documents after position `after`, ascending. Throws when the store does not answer. */
  read(workload: string, after: number): AsyncIterable<JournalDocument<E>>;
  /** The latest snapshot, or undefined. Throws when the store does not answer. */
  readSnapshot(workload: string): Promise<Snapshot | undefined>;
  /** Keeps a snapshot unless a later one is there. Throws when the store does not answer. */
  writeSnapshot(snapshot: Snapshot): Promise<void>;
}
