import type { Needs } from '#libs/contracts/user.ts';
import { canServe } from '#libs/engines/index.ts';
import type { UserRecord } from './user.ts';

/** Whether a user can do a session's work. Needs that say nothing suit everybody. */
export const suits = (
  { id, capability }: Pick<UserRecord, 'id' | 'capability'>,
  needs: Needs,
): boolean =>
  capability.memoryBytes >= needs.memoryBytes &&
  !needs.barredUserIds.includes(id) &&
  canServe(capability.engines, needs);
