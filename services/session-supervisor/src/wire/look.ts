import type {
  GetWorkloadProgressResponse,
  VolatileReply,
  WatchWorkloadResponse,
} from '#libs/contracts/session.ts';
import { durationToProto } from '#libs/mesh/index.ts';
import { hasEnded } from '../domain/state/workload.ts';
import type { View } from '../session/reads/reads.ts';
import { answerOf } from './workload.ts';

/** The speed of a workload, as far as its owner knows. */
export const paceOf = (
  owner: VolatileReply | undefined,
): Pick<GetWorkloadProgressResponse, 'activeUsers' | 'eta' | 'tasksPerMinute' | 'running'> => ({
  activeUsers: owner?.users.length ?? 0,
  eta: owner?.etaSeconds === undefined ? undefined : durationToProto(owner.etaSeconds * 1_000),
  tasksPerMinute: owner?.tasksPerMinute ?? 0,
  running: owner?.running ?? [],
});

/** The state of a workload as its watchers are told. */
export interface Look {
  message: WatchWorkloadResponse;
  /** The message as text. Two looks with equal texts show no change. */
  text: string;
  isLast: boolean;
}

export const lookOf = (view: View, owner: VolatileReply | undefined): Look => {
  const message = { ...answerOf(view), ...paceOf(owner) };
  return { message, text: JSON.stringify(message), isLast: hasEnded(view.state) };
};
