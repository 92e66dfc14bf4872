import type { Workers, Worker } from '../../domain/scheduling/workers.ts';
import type { WorkloadState } from '../../domain/state/workload.ts';
import { MAX_VOTES } from '../../domain/checking/judge.ts';
import type { Input, Report } from '../../domain/decisions/inputs.ts';

/** Bound for the numbers, ids, names and hashes of an entry, or of a further file, in BSON. */
const BASE_BYTES = 600;

/** What an entry or an input may have of texts that can be long. */
interface Texts {
  kind: string;
  reason?: string;
  message?: string;
  tasks?: string;
  notes?: readonly string[];
  names?: readonly string[];
  files?: readonly unknown[];
}

const textBytes = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + 3 * text.length + 16, BASE_BYTES);

/** An upper estimate of the size of an entry in the journal, or of what a command or report adds to it. */
export const entryBytes = ({
  reason = '',
  message = '',
  tasks = '',
  notes = [],
  names = [],
  files = [],
}: Texts): number =>
  textBytes([reason, message, tasks, ...notes, ...names]) + BASE_BYTES * files.length;

/** An upper estimate of the memory that an input takes while it waits, and of what it can add to the journal. */
export const inputBytes = (input: Input): number => {
  switch (input.kind) {
    case 'reports':
      return input.reports.reduce((sum, report) => sum + reportBytes(report), BASE_BYTES);
    case 'user-held':
      return BASE_BYTES * (1 + input.held.length);
    case 'exchange':
    case 'new-users':
      return BASE_BYTES * (1 + input.users.length);
    case 'command':
      return input.command.kind === 'repair'
        ? textBytes(input.command.damaged.map(({ task }) => task))
        : entryBytes(input.command);
    case 'checked':
      return textBytes([
        ...input.verified.flatMap(({ task, look }) => [task, ...(look?.result.notes ?? [])]),
        ...input.refused.flatMap(({ task, reason }) => [task, reason, reason, reason]),
      ]);
    case 'user-gone':
    case 'user-idle':
    case 'slow':
    case 'scene-lost':
    case 'checkpoint-lost':
    case 'tick':
    case 'close':
      return BASE_BYTES;
    default:
      return input satisfies never;
  }
};

/** A failure may also give its task up, and that entry repeats the reason. */
const reportBytes = ({ body }: Report): number =>
  entryBytes(body) + (body.kind === 'failed' ? textBytes([body.reason]) : 0);

/** The most entries that an input can lead to on this tip. */
export const mostEntries = (
  input: Input,
  { byId }: Pick<Workers, 'byId'>,
  { graph, suspicions }: Pick<WorkloadState, 'graph' | 'suspicions'>,
): number => {
  const nodes = graph.nodes.length;
  const gates = graph.nodes.filter(({ gate }) => gate !== undefined).length;
  if (input.kind === 'reports') {
    return (
      START_AND_END +
      suspicions.length +
      input.reports.reduce((sum, { body }) => sum + ENTRIES_OF[body.kind](nodes, gates), 0)
    );
  }
  if (input.kind === 'user-gone') {
    const worker = byId.get(input.user);
    return START_AND_END + (worker === undefined ? 0 : lossesOf([worker], nodes));
  }
  if (input.kind === 'checked') {
    const { verified, refused } = input;
    // A second look is wanted, or over and has caught some users.
    const looks = verified.length * MAX_VOTES;
    return (
      START_AND_END +
      suspicions.length +
      1 +
      looks +
      refused.length * (2 + ENTRIES_OF.failed(nodes))
    );
  }
  // An answer of the matcher may drop the version of the workload.
  return input.kind === 'exchange' || input.kind === 'new-users'
    ? 1 + START_AND_END + lossesOf(byId.values(), nodes)
    : START_AND_END;
};

/** Any input may add `started`, and `completed`, `failed`, `parked` or `engine-learnt`; a command adds its own entry. */
const START_AND_END = 2;

/** A result may want approval, bar a user, and take back what was made of an earlier one; the first one settles all suspicions. A failure may give up its task and one successor in each other node, and pause the workload. */
const ENTRIES_OF = {
  started: () => 0,
  checkpointed: () => 1,
  yielded: () => 1,
  completed: (_nodes: number, gates: number) => 3 + Math.min(gates, 1),
  failed: (nodes: number) => 2 + nodes,
};

/** Each loss may give up its task and one successor in each other node. */
const lossesOf = (workers: Iterable<Worker>, nodes: number): number => {
  const held = Iterator.from(workers).flatMap(({ attempts }) => attempts.values());
  return (1 + nodes) * held.reduce((sum, { isStarted }) => sum + Number(isStarted), 0);
};
