import { setTimeout as sleep } from 'node:timers/promises';
import type { User } from '#libs/contracts/user.ts';
import { isDomainError, status } from '#libs/errors/index.ts';
import type { Clients } from './clients.ts';

const WITHIN_MS = 60_000;
/** A client that saw the manager go tries to connect again after a pause of its own. */
const AGAIN_MS = 50;

type Condition = (connected: readonly User[]) => boolean;

const watchUntil = async (
  { users }: Clients,
  condition: Condition,
  deadlineMs: number,
): Promise<User[]> => {
  const known = new Map<string, User>();
  let isComplete = false;
  for await (const { user, caughtUp } of users.watchUsers({}, { deadlineMs })) {
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

/** Resolves with the connected users as soon as the condition holds for them, even if the manager has just come back. */
export const usersUntil = async (clients: Clients, condition: Condition): Promise<User[]> => {
  const end = performance.now() + WITHIN_MS;
  for (;;) {
    try {
      return await watchUntil(clients, condition, Math.max(1, end - performance.now()));
    } catch (error) {
      const isAway = isDomainError(error) && error.code === status.UNAVAILABLE;
      if (!isAway || performance.now() > end) {
        throw error;
      }
      await sleep(AGAIN_MS);
    }
  }
};
