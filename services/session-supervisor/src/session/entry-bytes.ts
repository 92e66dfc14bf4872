import type { Entry } from '../domain/entries.ts';
import type { Input } from '../domain/inputs.ts';

/** Numbers, ids and hashes of an entry in BSON. */
const BASE_BYTES = 600;

const textBytes = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + 3 * text.length + 16, 0);

/** About how much an entry takes in the journal, never less than it does. */
export const entryBytes = (entry: Entry): number => {
  if (entry.kind === 'accepted') return BASE_BYTES + textBytes(entry.notes);
  if (entry.kind === 'attempt-failed') return BASE_BYTES + textBytes([entry.reason, ...entry.names]);
  if (entry.kind === 'task-failed') return BASE_BYTES + textBytes([entry.reason]);
  if (entry.kind === 'failed') return BASE_BYTES + textBytes([entry.message]);
  return BASE_BYTES;
};

/** About how much an input takes while it waits, never less than it does. */
export const inputBytes = (input: Input): number => {
  if (input.kind === 'reports') return input.reports.length * BASE_BYTES * 4;
  if (input.kind === 'user-held') return input.held.length * BASE_BYTES;
  if (input.kind === 'exchange' || input.kind === 'new-users') return input.users.length * BASE_BYTES;
  return BASE_BYTES;
};
