import type { VolatileReply, WatchWorkloadResponse } from '#libs/contracts/session.ts';
import { hasEnded } from '../domain/state/workload.ts';
import type { View } from '../session/reads/reads.ts';
import { paceOf } from './progress.ts';
import { viewToProto } from './workload.ts';

/** The state of a workload as its watchers are told. */
export interface Look {
  message: WatchWorkloadResponse;
  /** The message as text. Two looks with equal texts show no change. */
  text: string;
  /** Whether this is the last look of a watch. */
  isLast: boolean;
}

export const lookOf = (view: View, owner: VolatileReply | undefined): Look => {
  const message = { workload: viewToProto(view), ...paceOf(owner), revision: view.revision };
  return { message, text: JSON.stringify(message), isLast: hasEnded(view.state) };
};
