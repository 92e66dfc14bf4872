import { onlyOuterNode } from '#libs/indices/index.ts';
import type { GetTaskLogRequest, GetTaskLogResponse } from '#libs/contracts/session.ts';
import { DomainError, isDomainError, status } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { asUnavailable } from '#libs/mongo/index.ts';
import type { Context } from '../context.ts';
import { has } from '../domain/sets/bitmap.ts';
import { acceptedKey } from '../domain/state/entries.ts';
import { taskOrdinal } from '../domain/graph/task-graph.ts';
import { generationOf, troubleOf, type WorkloadState } from '../domain/state/workload.ts';
import { keepsakeBlob } from '../wire/keepsakes.ts';
import { resolve } from './target.ts';

const MAX_LOG_BYTES = 256 * 1_024;

/** An attempt of a task that left, or may have left, a log. */
interface Logged extends Pick<
  GetTaskLogResponse,
  'attempt' | 'userId' | 'userName' | 'reason' | 'failTime' | 'acceptTime'
> {
  blob: string;
}

export const getTaskLog =
  (ctx: Context): Unary<GetTaskLogRequest, GetTaskLogResponse> =>
  async (request, call) => {
    const { document, state, revision } = await resolve(ctx, call.caller, request);
    const workload = document._id;
    // If the results of one node are the workload's, the index is enough.
    const only = onlyOuterNode(state.graph.nodes);
    const isWhole = request.task.includes('/') || only === undefined;
    const task = isWhole ? request.task : `${only.id}/${request.task}`;
    const ordinal = taskOrdinal(state.graph, task);
    if (ordinal === undefined) {
      const message = `workload ${workload} has no task ${request.task}; list them with ListTasks`;
      const named = { workload, task: request.task };
      throw new DomainError(status.NOT_FOUND, 'TASK_NOT_FOUND', message, named);
    }
    const isDone = !request.failed && has(state.done, ordinal);
    const found = isDone
      ? await acceptedAttempt(ctx, state, task, ordinal)
      : failedAttempt(state, ordinal);
    const log = found && (await readLog(ctx, found.blob, call.signal));
    if (found === undefined || log === undefined) {
      const what = isDone
        ? `the log of ${task} of ${workload} was not kept`
        : `no attempt at ${task} of ${workload} has ${request.failed ? 'failed' : 'ended'} and left a log`;
      throw new DomainError(status.NOT_FOUND, 'NO_LOG', what, { workload, task });
    }
    const { blob: _, ...attempt } = found;
    return { task, ...attempt, log: new TextDecoder().decode(log), revision };
  };

const failedAttempt = (state: WorkloadState, ordinal: number): Logged | undefined => {
  const last = troubleOf(state, ordinal)?.last;
  return last === undefined || last.log === ''
    ? undefined
    : {
        blob: last.log,
        attempt: last.attempt,
        userId: last.user,
        userName: last.userName ?? '',
        reason: last.reason,
        failTime: new Date(last.at),
        acceptTime: undefined,
      };
};

/** The folded state does not say which attempt a result is of; the journal does. */
const acceptedAttempt = async (
  { journal, meshSecret }: Pick<Context, 'journal' | 'meshSecret'>,
  state: WorkloadState,
  task: string,
  ordinal: number,
): Promise<Logged | undefined> => {
  const workload = state.header.id;
  const generation = generationOf(state, ordinal);
  const key = acceptedKey({ task, generation });
  const written = await asUnavailable(() => journal.findAccepted(workload, key));
  const entry = written?.entries.find(
    (each) => each.kind === 'accepted' && each.task === task && each.generation === generation,
  );
  return entry?.kind !== 'accepted'
    ? undefined
    : {
        blob: keepsakeBlob(meshSecret, workload, 'log', entry),
        attempt: entry.attempt,
        userId: entry.user,
        userName: entry.userName,
        reason: '',
        failTime: undefined,
        acceptTime: written?.at,
      };
};

/** Undefined if there is no such log. */
const readLog = async (
  { blob }: Pick<Context, 'blob'>,
  name: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> =>
  blob.head(name, MAX_LOG_BYTES, signal).catch((thrown: unknown) => {
    if (isDomainError(thrown) && thrown.code === status.NOT_FOUND) {
      return undefined;
    }
    throw thrown;
  });
