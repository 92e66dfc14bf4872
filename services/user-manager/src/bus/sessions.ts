import type { Held, TaskProgress } from '#libs/contracts/agent.ts';
import {
  NewUsers,
  UserDisconnected,
  UserHeld,
  UserProgress,
  UserRenderingCompleted,
} from '#libs/contracts/session.ts';
import type { AssignedUser } from '#libs/contracts/user.ts';
import { sessionSubject } from '#libs/mesh/index.ts';
import type { Bus } from '#libs/nats/index.ts';

/** A user on one of its streams. */
export interface StreamId {
  userId: string;
  connectionId: string;
}

/** What sessions are told without an answer. Any of it may be lost; the next exchange says the same. */
export type Sessions = ReturnType<typeof tellSessions>;

export const tellSessions = (bus: Pick<Bus, 'publish'>) => ({
  newUsers: (workloadId: string, users: AssignedUser[]): void =>
    bus.publish(
      sessionSubject(workloadId, 'new-users'),
      NewUsers.encode({ workloadId, users }).finish(),
    ),
  userDisconnected: (workload: string, stream: StreamId, isClean: boolean): void =>
    bus.publish(
      sessionSubject(workload, 'user-disconnected'),
      UserDisconnected.encode({ ...stream, isClean }).finish(),
    ),
  userRenderingCompleted: (workload: string, stream: StreamId): void =>
    bus.publish(
      sessionSubject(workload, 'user-rendering-completed'),
      UserRenderingCompleted.encode(stream).finish(),
    ),
  /** `tasks` are of one workload; nothing is told without any. */
  userProgress: (stream: StreamId, tasks: TaskProgress[]): void => {
    const [first] = tasks;
    if (first !== undefined) {
      const bytes = UserProgress.encode({ ...stream, tasks }).finish();
      bus.publish(sessionSubject(first.workloadId, 'user-progress'), bytes);
    }
  },
  userHeld: (stream: StreamId, held: Held): void =>
    bus.publish(
      sessionSubject(held.workloadId, 'user-held'),
      UserHeld.encode({ ...stream, held }).finish(),
    ),
});
