import type { ListWorkloadsRequest, ListWorkloadsResponse } from '#libs/contracts/session.ts';
import { WorkloadState } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { cutPage, readPage } from '#libs/pages/index.ts';
import type { WorkloadDocument } from '../store/workload-document.ts';
import { customerFor } from './target.ts';
import { listedToProto, phaseFromProto } from '../wire/workload.ts';

export const listWorkloads =
  (ctx: Context): Unary<ListWorkloadsRequest, ListWorkloadsResponse> =>
  async (request, call) => {
    const wrong = collectViolations();
    const { size, after = [] } = readPage(request, 'workloads', 2, wrong);
    const [time, id = ''] = after;
    const createdAt = time === undefined ? undefined : new Date(time);
    const isTime = !Number.isNaN(createdAt?.getTime());
    wrong.require(isTime, 'page_token', 'must be the next_page_token of the page before');
    const areStates = !request.states.some((state) => NO_STATES.includes(state));
    wrong.require(areStates, 'states', 'must be states of workloads, as WorkloadState has them');
    wrong.throwIfAny();
    const customer = customerFor(call.caller, request.customerId);
    const phases = request.states.flatMap((state) => phaseFromProto(state) ?? []);
    if (request.states.length > 0 && phases.length === 0) {
      return { workloads: [], nextPageToken: '' };
    }
    const documents = await ctx.workloads.list({
      customer: customer === '' ? undefined : customer,
      phases,
      after: createdAt && { createdAt, id },
      limit: size + 1,
    });
    const keysOf = (last: WorkloadDocument): string[] => [last.createdAt.toISOString(), last._id];
    const { page, nextPageToken } = cutPage(documents, size, 'workloads', keysOf);
    return { workloads: page.map(listedToProto), nextPageToken };
  };

const NO_STATES: readonly WorkloadState[] = [WorkloadState.UNSPECIFIED, WorkloadState.UNRECOGNIZED];
