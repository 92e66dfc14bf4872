import type { GetWorkloadProgressResponse, VolatileReply } from '#libs/contracts/session.ts';
import { durationToProto } from '#libs/mesh/index.ts';

/** The speed of a workload, as far as its owner knows. */
export const paceOf = (
  owner: VolatileReply | undefined,
): Pick<GetWorkloadProgressResponse, 'activeUsers' | 'eta' | 'tasksPerMinute'> => ({
  activeUsers: owner?.users.length ?? 0,
  eta: owner?.etaSeconds === undefined ? undefined : durationToProto(owner.etaSeconds * 1_000),
  tasksPerMinute: owner?.tasksPerMinute ?? 0,
});
