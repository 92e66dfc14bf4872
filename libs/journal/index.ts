/** Journals: one durable write per decision, one writer per position, and the fold that turns them into a state. */
export { append, type AppendOptions, type AppendOutcome } from './append.ts';
export { catchUp, load, type Folding, type Loaded } from './load.ts';
export { createMongoJournalStore } from './mongo-store.ts';
export type { InsertOutcome, JournalDocument, JournalStore, Snapshot } from './store.ts';
