import type { DemandStatus, ListDemandsRequest, ListDemandsResponse } from '#libs/contracts/user.ts';
import { cutPage, parsePage } from '#libs/pages/index.ts';

const workloadOf = ({ demand }: DemandStatus): string => demand?.workloadId ?? '';

/** One page of all demands, which are ordered by workload. */
export const pageOfDemands = (all: readonly DemandStatus[], request: ListDemandsRequest): ListDemandsResponse => {
  const { size, after } = parsePage(request, 'demands', 1);
  const rest = after === undefined ? all : all.filter((each) => workloadOf(each) > (after[0] ?? ''));
  const { page, nextPageToken } = cutPage(rest, size, 'demands', (each) => [workloadOf(each)]);
  return { demands: page, nextPageToken };
};
