import type {
  ExplainWorkloadRequest,
  ExplainWorkloadResponse,
  VolatileReply,
} from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { explain, type Surroundings } from '../domain/scheduling/explain.ts';
import { resolve } from './target.ts';
import { phaseToProto } from '../wire/workload.ts';

export const explainWorkload =
  (ctx: Context): Unary<ExplainWorkloadRequest, ExplainWorkloadResponse> =>
  async (request, call) => {
    const { document, state, revision } = await resolve(ctx, call.caller, request);
    const plan = await ctx.customers.planOf(document.customer);
    const owner = await ctx.reads.volatile(document._id);
    const reasons = explain(state, plan.users, owner && surroundingsOf(owner));
    return { state: phaseToProto(state.phase), reasons, revision };
  };

const surroundingsOf = ({ users, exchangeError, ...numbers }: VolatileReply): Surroundings => ({
  ...numbers,
  active: users.length,
  exchangeError: exchangeError?.message ?? '',
});
