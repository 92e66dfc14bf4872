import type { User } from '#libs/contracts/user.ts';
import type { Clients } from './clients.ts';

const WITHIN_MS = 15_000;

/** Resolves with the connected users as soon as the condition holds for them. */
export const usersUntil = async (
  { users }: Clients,
  condition: (connected: readonly User[]) => boolean,
): Promise<User[]> => {
  const known = new Map<string, User>();
  let isComplete = false;
  for await (const { user, caughtUp } of users.watchUsers({}, { deadlineMs: WITHIN_MS })) {
    if (user?.state === 'USER_STATE_DISCONNECTED') {
      known.delete(user.userId);
    } else if (user !== undefined) {
      known.set(user.userId, user);
    }
    isComplete ||= caughtUp;
    const connected = [...known.values()];
    if (isComplete && condition(connected)) {
      return connected;
    }
  }
  throw new Error('a watch of users that ended');
};
