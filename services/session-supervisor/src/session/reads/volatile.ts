import type { ActiveUser, RunningTask, VolatileReply } from '#libs/contracts/session.ts';
import { toProtoStatus } from '#libs/errors/index.ts';
import { parseTaskKey } from '#libs/mesh/index.ts';
import type { Workers, Worker } from '../../domain/scheduling/workers.ts';
import { outlookOf } from '../../domain/scheduling/outlook.ts';
import { ordinalsToText } from '../../domain/graph/task-text.ts';
import { taskKey } from '../../domain/graph/task-graph.ts';
import type { ProgressNotes, UnderWay } from '../agents/progress-notes.ts';
import type { WorkloadState } from '../../domain/state/workload.ts';

/**
 * What only the owner of a workload knows: its users and its speed.
 *
 * @param now monotonic milliseconds
 * @param exchangeError why the last exchange with the matcher failed; undefined if it did not
 * @param checkError why results cannot be checked; undefined if they can
 */
export const volatileOf = (
  state: WorkloadState,
  workers: Workers,
  notes: Pick<ProgressNotes, 'underWay'>,
  now: number,
  exchangeError: unknown,
  checkError: unknown,
): VolatileReply => {
  const everybody = [...workers.byId.values()];
  const { etaSeconds, tasksPerSecond } = outlookOf(state, workers, now);
  return {
    ...(etaSeconds === undefined ? {} : { etaSeconds }),
    tasksPerMinute: (tasksPerSecond ?? 0) * 60,
    users: everybody.map((worker): ActiveUser => ({
      userId: worker.id,
      name: worker.name,
      held: ordinalsToText(
        state.graph,
        worker.attempts.values().map(({ ordinal }) => ordinal),
      ),
      secondsPerTask: paceOf(worker) ?? 0,
    })),
    entitled: workers.entitled,
    suitable: workers.suitable,
    connected: workers.connected,
    exchangeError: exchangeError === undefined ? undefined : toProtoStatus(exchangeError),
    checkError: checkError === undefined ? undefined : toProtoStatus(checkError),
    running: notes.underWay(MAX_RUNNING).map((each) => runningOf(state, each, now)),
  };
};

/** Most tasks under way in an answer. */
const MAX_RUNNING = 100;

const runningOf = (
  { graph }: WorkloadState,
  { worker, held, note: { begunAt, endsAt, fraction, text } }: UnderWay,
  now: number,
): RunningTask => {
  const task = taskKey(graph, held.ordinal);
  return {
    task,
    frame: parseTaskKey(task)?.index ?? 0,
    userId: worker.id,
    userName: worker.name,
    elapsedSeconds: (now - begunAt) / 1_000,
    remainingSeconds: endsAt === undefined ? undefined : Math.max(0, endsAt - now) / 1_000,
    fraction,
    text,
  };
};

/** A worker's seconds per task at the node that it works on, or else at the last node that was measured. */
const paceOf = ({ paces, attempts }: Worker): number | undefined => {
  const [current] = attempts.values();
  return (current && paces[current.node]) ?? paces.findLast((pace) => pace !== undefined);
};
