import { Ruling, type TaskApproval, type WantedApproval } from '#libs/contracts/session.ts';
import { nodeAt, nodeOf, taskIndex } from '../domain/graph/task-graph.ts';
import { nextSet } from '../domain/sets/bitmap.ts';
import { approvalOf, type WorkloadState } from '../domain/state/workload.ts';

/** Most approvals in a workload. Further ones are left out. */
const MAX_APPROVALS = 100;

/** The results that wait for a ruling, in the order of their tasks. */
export const wantedApprovalsOf = (state: WorkloadState): WantedApproval[] => {
  const { graph, unruled } = state;
  const wanted: WantedApproval[] = [];
  let ordinal = nextSet(unruled, 0);
  while (ordinal !== undefined && wanted.length < MAX_APPROVALS) {
    const { generation = 0, since = 0 } = approvalOf(state, ordinal) ?? {};
    wanted.push({
      step: nodeAt(graph, nodeOf(graph, ordinal)).id,
      case: taskIndex(graph, ordinal),
      generation,
      wantTime: new Date(since),
    });
    ordinal = nextSet(unruled, ordinal + 1);
  }
  return wanted;
};

/** The approval that a task's result wanted; undefined if it wanted none. */
export const taskApprovalOf = (state: WorkloadState, ordinal: number): TaskApproval | undefined => {
  const approval = approvalOf(state, ordinal);
  if (approval === undefined) {
    return undefined;
  }
  const { generation, since, ruling } = approval;
  const rulings = ruling?.isApproved === true ? Ruling.APPROVED : Ruling.REJECTED;
  return {
    generation,
    wantTime: new Date(since),
    ruling: ruling === undefined ? Ruling.UNSPECIFIED : rulings,
    by: ruling?.by ?? '',
    reason: ruling?.reason ?? '',
    ruleTime: ruling && new Date(ruling.at),
  };
};
