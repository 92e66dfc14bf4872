import type { Workers, Worker } from '../../domain/scheduling/workers.ts';
import type { Entry } from '../../domain/state/entries.ts';
import type { Input, Report } from '../../domain/decisions/inputs.ts';

/** Numbers, ids, names and hashes of an entry in BSON. */
const BASE_BYTES = 600;

const textBytes = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + 3 * text.length + 16, 0);

/** About how much an entry takes in the journal, never less than it does. */
export const entryBytes = (entry: Entry): number => {
  if (entry.kind === 'accepted') return BASE_BYTES + textBytes(entry.notes);
  if (entry.kind === 'attempt-failed') return BASE_BYTES + textBytes([entry.reason, ...entry.names]);
  if (entry.kind === 'task-failed') return BASE_BYTES + textBytes([entry.reason]);
  if (entry.kind === 'retried' || entry.kind === 'repair-wanted') return BASE_BYTES + textBytes([entry.tasks]);
  if (entry.kind === 'paused') return BASE_BYTES + textBytes([entry.reason ?? '']);
  if (entry.kind === 'failed') return BASE_BYTES + textBytes([entry.message]);
  return BASE_BYTES;
};

/** About how much an input takes while it waits, and how much it can add to the journal; never less than it does. */
export const inputBytes = (input: Input): number => {
  if (input.kind === 'reports') return input.reports.reduce((sum, report) => sum + reportBytes(report), BASE_BYTES);
  if (input.kind === 'user-held') return BASE_BYTES * (1 + input.held.length);
  if (input.kind === 'exchange' || input.kind === 'new-users') return BASE_BYTES * (1 + input.users.length);
  if (input.kind === 'command' && input.command.kind === 'retry') {
    return BASE_BYTES + textBytes([input.command.tasks]);
  }
  if (input.kind === 'command' && input.command.kind === 'repair') {
    return BASE_BYTES + textBytes(input.command.damaged.map(({ task }) => task));
  }
  return BASE_BYTES;
};

const reportBytes = ({ body }: Report): number => {
  if (body.kind === 'completed') return BASE_BYTES + textBytes(body.notes);
  // The failure, and perhaps the task that is given up for it.
  if (body.kind === 'failed') return 2 * (BASE_BYTES + textBytes([body.reason])) + textBytes(body.names);
  return BASE_BYTES;
};

/** How many entries an input can lead to at the most, in a graph of so many nodes. */
export const mostEntries = (input: Input, { byId }: Pick<Workers, 'byId'>, nodes: number): number => {
  if (input.kind === 'reports') {
    return START_AND_END + input.reports.reduce((sum, { body }) => sum + ENTRIES_OF[body.kind](nodes), 0);
  }
  if (input.kind === 'user-gone') {
    const worker = byId.get(input.user);
    return START_AND_END + (worker === undefined ? 0 : lossesOf([worker], nodes));
  }
  if (input.kind === 'exchange' || input.kind === 'new-users')
    return START_AND_END + lossesOf([...byId.values()], nodes);
  return START_AND_END;
};

/** `started` with the first hand-out and `completed` or `failed` at the end; or a command's own. */
const START_AND_END = 2;

/** A result may bar a user; a failure may give its task up, with one of each node that stands after it, and pause the workload. */
const ENTRIES_OF = { started: () => 0, completed: () => 2, failed: (nodes: number) => 2 + nodes };

/** Each loss may give its task up, with one of each node that stands after it. */
const lossesOf = (workers: readonly Worker[], nodes: number): number =>
  (1 + nodes) *
  workers.reduce((sum, { attempts }) => sum + [...attempts.values()].filter((held) => held.isStarted).length, 0);
