import type { ActiveUser, VolatileReply } from '#libs/contracts/session.ts';
import { toProtoStatus } from '#libs/errors/index.ts';
import { heldRanges, type Crew } from '../domain/crew.ts';
import { estimate, type Estimate } from '../domain/eta.ts';
import { tasksToText } from '../domain/graph/task-graph.ts';
import { countsOf, type WorkloadState } from '../domain/workload.ts';

/**
 * What only the owner of a workload knows: who serves it and how fast it goes.
 *
 * @param now monotonic milliseconds
 * @param exchangeError why the last exchange with the matcher failed; undefined when it did not
 */
export const volatileOf = (state: WorkloadState, crew: Crew, now: number, exchangeError: unknown): VolatileReply => {
  const members = [...crew.members.values()];
  const paces = members.map(({ secondsPerTask, slots, attempts }) => ({
    secondsPerTask,
    slots,
    runningSeconds: [...attempts.values()].slice(0, slots).map(({ since }) => (now - since) / 1_000),
  }));
  const { etaSeconds, tasksPerSecond }: Estimate = estimate(countsOf(state).remaining, paces);
  return {
    ...(etaSeconds === undefined ? {} : { etaSeconds }),
    tasksPerMinute: (tasksPerSecond ?? 0) * 60,
    users: members.map((member): ActiveUser => ({
      userId: member.id,
      name: member.name,
      held: tasksToText(state.tasks, heldRanges([member])),
      secondsPerTask: member.secondsPerTask ?? 0,
    })),
    entitled: crew.entitled,
    suitable: crew.suitable,
    connected: crew.connected,
    exchangeError: exchangeError === undefined ? undefined : toProtoStatus(exchangeError),
  };
};
