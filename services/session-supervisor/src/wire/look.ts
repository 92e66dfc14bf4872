import type { VolatileReply, WatchWorkloadResponse } from '#libs/contracts/session.ts';
import { hasEnded } from '../domain/state/workload.ts';
import type { View } from '../session/reads/reads.ts';
import { paceOf } from './progress.ts';
import { viewToProto } from './workload.ts';

/** How a workload stands, as those who watch it are told. */
export interface Look {
  message: WatchWorkloadResponse;
  /** Equal where nothing has changed. */
  text: string;
  /** Nothing follows. */
  isLast: boolean;
}

export const lookOf = (view: View, owner: VolatileReply | undefined): Look => {
  const message = { workload: viewToProto(view), ...paceOf(owner), revision: view.revision };
  return { message, text: JSON.stringify(message), isLast: hasEnded(view.state) };
};
