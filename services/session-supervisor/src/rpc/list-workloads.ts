import type { ListWorkloadsRequest, ListWorkloadsResponse } from '#libs/contracts/session.ts';
import { WorkloadState } from '#libs/contracts/session.ts';
import { invalidFields } from '#libs/errors/index.ts';
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
    const { size, after } = readPage(request, 'workloads', 2, wrong);
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
      after: positionFrom(after),
      limit: size + 1,
    });
    const keysOf = ({ createdAt, _id }: WorkloadDocument): string[] => [
      createdAt.toISOString(),
      _id,
    ];
    const { page, nextPageToken } = cutPage(documents, size, 'workloads', keysOf);
    return { workloads: page.map(listedToProto), nextPageToken };
  };

const NO_STATES: readonly WorkloadState[] = [WorkloadState.UNSPECIFIED, WorkloadState.UNRECOGNIZED];

const positionFrom = (
  after: readonly string[] | undefined,
): { createdAt: Date; id: string } | undefined => {
  if (after === undefined) {
    return undefined;
  }
  const [time = '', id = ''] = after;
  const createdAt = new Date(time);
  if (Number.isNaN(createdAt.getTime())) {
    throw invalidFields([
      { field: 'page_token', description: 'must be the next_page_token of the page before' },
    ]);
  }
  return { createdAt, id };
};
