import type { ActiveUser, VolatileReply } from '#libs/contracts/session.ts';
import { toProtoStatus } from '#libs/errors/index.ts';
import { heldRanges, type Crew, type Member } from '../domain/crew.ts';
import { estimateNodes } from '../domain/eta.ts';
import { tasksToText } from '../domain/graph/task-text.ts';
import { nodeCountsOf, type WorkloadState } from '../domain/workload.ts';

/**
 * What only the owner of a workload knows: who serves it and how fast it goes.
 *
 * @param now monotonic milliseconds
 * @param exchangeError why the last exchange with the matcher failed; undefined when it did not
 */
export const volatileOf = (state: WorkloadState, crew: Crew, now: number, exchangeError: unknown): VolatileReply => {
  const members = [...crew.members.values()];
  const nodes = nodeCountsOf(state).map(({ remaining }, node) => ({
    remaining,
    users: members.map(({ paces, slots, attempts }) => {
      const running = [...attempts.values()].slice(0, slots).filter((held) => held.node === node);
      return { secondsPerTask: paces[node], slots, runningSeconds: running.map(({ since }) => (now - since) / 1_000) };
    }),
  }));
  const { etaSeconds, tasksPerSecond } = estimateNodes(nodes);
  return {
    ...(etaSeconds === undefined ? {} : { etaSeconds }),
    tasksPerMinute: (tasksPerSecond ?? 0) * 60,
    users: members.map((member): ActiveUser => ({
      userId: member.id,
      name: member.name,
      held: tasksToText(state.graph, heldRanges([member])),
      secondsPerTask: paceOf(member) ?? 0,
    })),
    entitled: crew.entitled,
    suitable: crew.suitable,
    connected: crew.connected,
    exchangeError: exchangeError === undefined ? undefined : toProtoStatus(exchangeError),
  };
};

/** The seconds per task of the node that a member works on, else of the last one that was measured. */
const paceOf = ({ paces, attempts }: Member): number | undefined => {
  const [current] = attempts.values();
  return (current && paces[current.node]) ?? paces.findLast((pace) => pace !== undefined);
};
