import type { NodeProgress } from '#libs/contracts/session.ts';
import { nodeCountsOf, type WorkloadState } from '../domain/state/workload.ts';

/** How far each step of a workload is, in order. */
export const nodesOf = (state: WorkloadState): NodeProgress[] =>
  nodeCountsOf(state).map((counts, place) => ({
    node: state.graph.nodes[place]?.id ?? '',
    ...counts,
  }));
