import type { Caller } from '#libs/auth/index.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import type { CallContext } from '#libs/grpc/index.ts';

/** Who calls. Only public rpcs are reached without a caller, and this service has none. */
export const callerOf = ({ caller }: CallContext): Caller => {
  if (caller === undefined) throw new DomainError(status.UNAUTHENTICATED, 'TOKEN_MISSING', 'send a token');
  return caller;
};
