import type {
  ExplainWorkloadRequest,
  ExplainWorkloadResponse,
  VolatileReply,
  WaitReason,
} from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { explain, type QueuePlace, type Surroundings } from '../domain/scheduling/explain.ts';
import { hasEnded } from '../domain/state/workload.ts';
import type { View } from '../session/reads/reads.ts';
import type { Standing } from '../store/standing.ts';
import { resolve } from './target.ts';
import { phaseToProto } from '../wire/workload.ts';

export const explainWorkload =
  (ctx: Context): Unary<ExplainWorkloadRequest, ExplainWorkloadResponse> =>
  async (request, call) => {
    const view = await resolve(ctx, call.caller, request);
    const { state, revision } = view;
    return { state: phaseToProto(state.phase), reasons: await reasonsOf(ctx, view), revision };
  };

/** Why a workload waits, or that it does not. */
export const reasonsOf = async (
  { customers, reads, workloads }: Pick<Context, 'customers' | 'reads' | 'workloads'>,
  { document, state }: View,
): Promise<WaitReason[]> => {
  const { users, runningWorkloads } = await customers.planOf(document.customer);
  const owner = await reads.volatile(document._id);
  const queue =
    document.ticket === undefined || hasEnded(state)
      ? undefined
      : placeIn(await workloads.standing(document.customer), document._id, runningWorkloads);
  return explain(state, users, owner && surroundingsOf(owner), queue);
};

/** Undefined if it has got its slot meanwhile. */
const placeIn = (
  { running, waiting }: Standing,
  workload: string,
  slots: number,
): QueuePlace | undefined => {
  const index = waiting.findIndex(({ _id }) => _id === workload);
  const holders = running.map(({ _id: id, projection: { phase } }) => ({ id, phase }));
  return index < 0
    ? undefined
    : { place: index + 1, length: waiting.length, running: holders, slots };
};

const surroundingsOf = ({
  users,
  exchangeError,
  checkError,
  ...numbers
}: VolatileReply): Surroundings => ({
  ...numbers,
  active: users.length,
  exchangeError: exchangeError?.message ?? '',
  checkError: checkError?.message ?? '',
});
