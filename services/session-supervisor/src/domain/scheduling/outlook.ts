import { countWithin, sumWithin } from '../sets/bitmap.ts';
import type { PlacedNode } from '../graph/task-graph.ts';
import { nodeCountsOf, type WorkloadState } from '../state/workload.ts';
import { estimateNodes, type Estimate } from './eta.ts';
import { costRatio, secondsPerResult, trendOf } from './meter.ts';
import type { Workers } from './workers.ts';

/** Nothing is estimated before so many results of a node: of fewer, an estimate would often be far from the truth. */
const MIN_RESULTS = 10;

/**
 * The speed and the remaining time of a workload, from what its users did under this owner.
 *
 * @param now monotonic milliseconds
 */
export const outlookOf = (state: WorkloadState, workers: Workers, now: number): Estimate => {
  // Whoever holds nothing has nothing that suits it, or rests.
  const everybody = [...workers.byId.values()].filter(
    ({ attempts, phase }) => attempts.size > 0 || phase === 'asked',
  );
  const nodes = nodeCountsOf(state).flatMap(({ total, remaining }, node) => {
    if (total === 0) {
      return [];
    }
    const results = workers.results[node] ?? 0;
    const isKnown = results >= MIN_RESULTS;
    return {
      remaining,
      costRatio: isKnown ? ratioOf(state, workers, node, remaining) : 1,
      users: everybody.map(({ paces, meters, slots, attempts, freeSince }) => {
        const perResult = secondsPerResult(meters[node]);
        const running = [...attempts.values()].slice(0, slots).filter((held) => held.node === node);
        return {
          secondsPerTask: isKnown
            ? perResult === undefined
              ? paces[node]
              : perResult * slots
            : undefined,
          slots,
          // A task that waited behind others began when the one before it was done.
          runningSeconds: running.map(({ since }) => (now - Math.max(since, freeSince)) / 1_000),
        };
      }),
    };
  });
  return estimateNodes(nodes);
};

/** How much dearer the tasks that remain are than those that the speed was measured on. */
const ratioOf = (
  state: WorkloadState,
  { byId }: Workers,
  node: number,
  remaining: number,
): number => {
  const placed = state.graph.nodes[node];
  const meters = [...byId.values()].flatMap(({ meters: own }) => own[node] ?? []);
  const count = meters.reduce((sum, meter) => sum + meter.count, 0);
  const trend = trendOf(meters);
  if (placed === undefined || remaining === 0 || count === 0 || trend.slope === 0) {
    return 1;
  }
  const recent = meters.reduce((sum, meter) => sum + meter.places, 0) / count;
  return costRatio(trend, meanOpenPlace(state, placed), recent);
};

/** The mean place of a node's undecided tasks, 0 to 1. */
const meanOpenPlace = (
  { done, givenUp }: WorkloadState,
  { offset, indices: { count } }: PlacedNode,
): number => {
  const range = { first: offset, last: offset + count - 1 };
  const decided = countWithin(done, range) + countWithin(givenUp, range);
  const all = ((range.first + range.last) * count) / 2;
  const open = all - sumWithin(done, range) - sumWithin(givenUp, range);
  return (open / Math.max(1, count - decided) - offset) / count;
};
