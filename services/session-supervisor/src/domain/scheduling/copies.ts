import { kindOf } from '../../kinds/kinds.ts';
import type { Worker } from './workers.ts';
import type { Draft } from '../decisions/decision.ts';
import { secondsLeft } from './eta.ts';
import type { WorkloadState } from '../state/workload.ts';

/*
 * When no task waits any more, an idle user may do a running task once more, if the copy will probably win. The first result
 * counts, and the other user is told to stop.
 */

/** A copy must be faster by this factor, because speeds vary. */
const MARGIN = 1.2;
/** The user of a copy may first have to fetch and open the scene, which is estimated at this time. */
const OPENING_SECONDS = 1;

/** A running attempt at a task that no other user works on. */
export interface Running {
  ordinal: number;
  /** The place of its node in the graph. */
  node: number;
  holder: string;
  secondsLeft: number;
}

type Known = Pick<Draft, 'state' | 'workers' | 'now'>;

/** The average seconds per task of each node; undefined before its first task is done, and if its tasks may not be copied. */
const averagesOf = ({ graph, header, nodeWork }: WorkloadState): (number | undefined)[] => {
  const kind = kindOf(header.spec);
  return nodeWork.map(({ completed, seconds }, node) => {
    const id = graph.nodes[node]?.id ?? '';
    return completed === 0 || !kind.mayCopy(header.spec, id) ? undefined : seconds / completed;
  });
};

const wins = (secondsPerTask: number, { secondsLeft: left }: Running): boolean =>
  secondsPerTask * MARGIN + OPENING_SECONDS < left;

const runningOf = ({ workers, now }: Known, averages: readonly (number | undefined)[]): Running[] =>
  [...workers.byId.values()].flatMap((worker) =>
    [...worker.attempts.values()].slice(0, worker.slots).flatMap(({ ordinal, node, since }) => {
      const average = averages[node];
      if (average === undefined || workers.holders.get(ordinal) !== 1) {
        return [];
      }
      const running = (now - Math.max(since, worker.freeSince)) / 1_000;
      const left = secondsLeft(worker.paces[node] ?? average, running);
      return [{ ordinal, node, holder: worker.id, secondsLeft: left }];
    }),
  );

/** The running attempts that a worker would probably overtake, those with the most time left first. */
export const overtakable = (known: Known, worker: Worker): Running[] => {
  const averages = averagesOf(known.state);
  return runningOf(known, averages)
    .filter((running) => {
      const own = worker.paces[running.node] ?? averages[running.node];
      return own !== undefined && running.holder !== worker.id && wins(own, running);
    })
    .sort((a, b) => b.secondsLeft - a.secondsLeft);
};

/** How many users the running copies and those worth running need. A copy is judged by the fastest idle user, or the average. */
export const usersForCopies = (known: Known): number => {
  const { workers, state } = known;
  const out = [...workers.holders.values()].filter((holders) => holders > 1).length;
  const averages = averagesOf(state);
  const idle = [...workers.byId.values()].filter(
    ({ phase, attempts }) => phase === 'ready' && attempts.size === 0,
  );
  const fastest = averages.map((average = Infinity, node) =>
    idle.length === 0 ? average : Math.min(...idle.map(({ paces }) => paces[node] ?? average)),
  );
  return (
    out +
    runningOf(known, averages).filter((running) => wins(fastest[running.node] ?? Infinity, running))
      .length
  );
};
