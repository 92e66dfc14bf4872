import type { NodeProgress } from '#libs/contracts/session.ts';
import { nodeCountsOf, type WorkloadState } from '../domain/state/workload.ts';

/** How far each step of a workload is, in order. One that sleeps is left out. */
export const nodesOf = (state: WorkloadState): NodeProgress[] =>
  nodeCountsOf(state).flatMap((counts, place) =>
    counts.total === 0 ? [] : [{ node: state.graph.nodes[place]?.id ?? '', ...counts }],
  );
