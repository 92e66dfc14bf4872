import type { Caller } from '#libs/auth/index.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import type { CallContext } from '#libs/grpc/index.ts';

/** The caller. Only a public rpc has none, and this service has no public rpc. */
export const callerOf = ({ caller }: CallContext): Caller => {
  if (caller === undefined) {
    throw new DomainError(status.UNAUTHENTICATED, 'TOKEN_MISSING', 'send a token');
  }
  return caller;
};
