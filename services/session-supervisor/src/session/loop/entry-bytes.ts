import type { Workers, Worker } from '../../domain/scheduling/workers.ts';
import type { Entry } from '../../domain/state/entries.ts';
import type { Input, Report } from '../../domain/decisions/inputs.ts';

/** Bound for the numbers, ids, names and hashes of an entry in BSON. */
const BASE_BYTES = 600;

const textBytes = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + 3 * text.length + 16, 0);

/** An upper estimate of an entry's size in the journal. */
export const entryBytes = (entry: Entry): number => {
  if (entry.kind === 'accepted') {
    return BASE_BYTES + textBytes(entry.notes);
  }
  if (entry.kind === 'attempt-failed') {
    return BASE_BYTES + textBytes([entry.reason, ...entry.names]);
  }
  if (entry.kind === 'task-failed') {
    return BASE_BYTES + textBytes([entry.reason]);
  }
  if (entry.kind === 'retried' || entry.kind === 'repair-wanted') {
    return BASE_BYTES + textBytes([entry.tasks]);
  }
  if (entry.kind === 'paused') {
    return BASE_BYTES + textBytes([entry.reason ?? '']);
  }
  if (entry.kind === 'failed') {
    return BASE_BYTES + textBytes([entry.message]);
  }
  return BASE_BYTES;
};

/** An upper estimate of the memory that an input takes while it waits, and of what it can add to the journal. */
export const inputBytes = (input: Input): number => {
  if (input.kind === 'reports') {
    return input.reports.reduce((sum, report) => sum + reportBytes(report), BASE_BYTES);
  }
  if (input.kind === 'user-held') {
    return BASE_BYTES * (1 + input.held.length);
  }
  if (input.kind === 'exchange' || input.kind === 'new-users') {
    return BASE_BYTES * (1 + input.users.length);
  }
  if (input.kind === 'command' && input.command.kind === 'retry') {
    return BASE_BYTES + textBytes([input.command.tasks]);
  }
  if (input.kind === 'command' && input.command.kind === 'repair') {
    return BASE_BYTES + textBytes(input.command.damaged.map(({ task }) => task));
  }
  return BASE_BYTES;
};

const reportBytes = ({ body }: Report): number => {
  if (body.kind === 'completed') {
    return BASE_BYTES + textBytes(body.notes);
  }
  // The failure may also give its task up, and that entry repeats the reason.
  if (body.kind === 'failed') {
    return 2 * (BASE_BYTES + textBytes([body.reason])) + textBytes(body.names);
  }
  return BASE_BYTES;
};

/** The most entries that an input can lead to, in a graph of `nodes` nodes. */
export const mostEntries = (
  input: Input,
  { byId }: Pick<Workers, 'byId'>,
  nodes: number,
): number => {
  if (input.kind === 'reports') {
    return (
      START_AND_END + input.reports.reduce((sum, { body }) => sum + ENTRIES_OF[body.kind](nodes), 0)
    );
  }
  if (input.kind === 'user-gone') {
    const worker = byId.get(input.user);
    return START_AND_END + (worker === undefined ? 0 : lossesOf([worker], nodes));
  }
  if (input.kind === 'exchange' || input.kind === 'new-users') {
    return START_AND_END + lossesOf([...byId.values()], nodes);
  }
  return START_AND_END;
};

/** Any input may add `started`, and `completed` or `failed`; a command adds its own entry. */
const START_AND_END = 2;

/** A result may bar a user. A failure may give up its task and one successor in each other node, and pause the workload. */
const ENTRIES_OF = { started: () => 0, completed: () => 2, failed: (nodes: number) => 2 + nodes };

/** Each loss may give up its task and one successor in each other node. */
const lossesOf = (workers: readonly Worker[], nodes: number): number =>
  (1 + nodes) *
  workers.reduce(
    (sum, { attempts }) => sum + [...attempts.values()].filter((held) => held.isStarted).length,
    0,
  );
