import type { DemandStatus, ListDemandsRequest, ListDemandsResponse } from '#libs/contracts/user.ts';
import { cutPage, parsePage } from '../domain/pages.ts';

const workloadOf = ({ demand }: DemandStatus): string => demand?.workloadId ?? '';

/** One page of all demands, which are ordered by workload. */
export const pageOfDemands = (all: readonly DemandStatus[], request: ListDemandsRequest): ListDemandsResponse => {
  const { size, after } = parsePage(request, 1);
  const rest = after === undefined ? all : all.filter((each) => workloadOf(each) > (after[0] ?? ''));
  const { page, nextPageToken } = cutPage(rest, size, (each) => [workloadOf(each)]);
  return { demands: page, nextPageToken };
};
