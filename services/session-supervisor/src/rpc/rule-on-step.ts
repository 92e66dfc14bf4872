import type { ApproveStepRequest, StartWorkloadResponse } from '#libs/contracts/session.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { nodeAt, nodeOf, ordinalIn, taskIndex, taskKey } from '../domain/graph/task-graph.ts';
import { nextSet } from '../domain/sets/bitmap.ts';
import { generationOf, type WorkloadState } from '../domain/state/workload.ts';
import { refusalError } from '../session/owner/errors.ts';
import { answerOf } from '../wire/workload.ts';
import { command } from './command.ts';
import { resolve } from './target.ts';

const MAX_REASON = 1_000;
/** Most waiting results that a refusal names. */
const MAX_NAMED = 20;

/** An rpc with which a person approves or rejects the result of a step. */
export const ruleOnStep =
  (isApproved: boolean) =>
  (ctx: Context): Unary<ApproveStepRequest, StartWorkloadResponse> =>
  async (request, call) => {
    const { reason, requestId, generation } = request;
    const wrong = collectViolations();
    wrong.require(reason.length <= MAX_REASON, 'reason', 'must be at most 1,000 characters');
    const isNamed = generation === undefined || request.case !== undefined;
    wrong.require(isNamed, 'case', 'give the case whose generation was looked at');
    wrong.throwIfAny();
    const { document, state } = await resolve(ctx, call.caller, request);
    const ordinal = ordinalOf(state, request, document._id);
    const target = { workloadId: document._id, customerId: '', requestId };
    const { role = '', subject = '' } = call.caller ?? {};
    const value = {
      task: taskKey(state.graph, ordinal),
      generation: generation ?? generationOf(state, ordinal),
      approved: isApproved,
      by: `${role} ${subject}`,
      reason,
    };
    return answerOf(await command(ctx, call, target, { $case: 'rule', value }));
  };

/** The task that a request means: the one that it names, or the only one whose result waits. */
const ordinalOf = (
  state: WorkloadState,
  { step, case: index }: Pick<ApproveStepRequest, 'step' | 'case'>,
  workload: string,
): number => {
  const { graph } = state;
  const meant = graph.nodes.filter(
    ({ id, gate }) => (step === '' && gate !== undefined) || id === step,
  );
  const [node] = meant;
  if (index !== undefined && meant.length === 1 && node !== undefined) {
    const ordinal = ordinalIn(node, index);
    if (ordinal === undefined) {
      throw taskNotFound(workload, `${node.id}/${index}`);
    }
    return ordinal;
  }
  if (step !== '' && node === undefined) {
    throw taskNotFound(workload, step);
  }
  const waiting = waitingIn(state).filter((each) => {
    const { id } = nodeAt(graph, nodeOf(graph, each));
    return (
      (step === '' || id === step) && (index === undefined || taskIndex(graph, each) === index)
    );
  });
  const [only] = waiting;
  if (only === undefined) {
    throw refusalError(workload, { reason: 'NOTHING_TO_APPROVE', task: step || 'its steps' });
  }
  if (waiting.length > 1) {
    const tasks = waiting.map((each) => taskKey(graph, each)).join(', ');
    throw new DomainError(
      status.FAILED_PRECONDITION,
      'SEVERAL_APPROVALS',
      `several results of workload ${workload} wait for approval; say which: ${tasks}`,
      { workload, tasks },
    );
  }
  return only;
};

/** The first tasks whose results wait for a ruling. */
const waitingIn = ({ unruled }: WorkloadState): number[] => {
  const waiting: number[] = [];
  let ordinal = nextSet(unruled, 0);
  while (ordinal !== undefined && waiting.length < MAX_NAMED) {
    waiting.push(ordinal);
    ordinal = nextSet(unruled, ordinal + 1);
  }
  return waiting;
};

const taskNotFound = (workload: string, task: string): DomainError =>
  new DomainError(
    status.NOT_FOUND,
    'TASK_NOT_FOUND',
    `workload ${workload} has no ${task}; list its tasks with ListTasks`,
    { workload, task },
  );
