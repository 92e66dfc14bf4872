import type { AccessTable } from '#libs/auth/index.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import type { Wrapper } from './incoming-call.ts';
import { type Standing, watchStanding } from './standing.ts';

/**
 * Lets public rpcs through, and others with a token of one of the roles, streams only as long as that holds. One that the table does
 * not list is closed to all.
 */
export const access =
  (table: AccessTable, standing: Standing): Wrapper =>
  async (call, next) => {
    const { path } = call.method;
    const allowed = table.get(path);
    if (allowed?.isPublic) {
      return next(call);
    }
    if (call.token === undefined) {
      throw new DomainError(
        status.UNAUTHENTICATED,
        'TOKEN_MISSING',
        'the call carries no token; send the header `authorization: Bearer <token>`',
      );
    }
    const caller = await standing.verify(call.token);
    call.said['role'] = caller.role;
    call.said['subject'] = caller.subject;
    if (allowed === undefined) {
      throw new DomainError(
        status.PERMISSION_DENIED,
        'RPC_NOT_OPEN',
        `nobody may call ${path}: it names no roles`,
      );
    }
    if (!allowed.roles.has(caller.role)) {
      const roles = [...allowed.roles].join(', ');
      throw new DomainError(
        status.PERMISSION_DENIED,
        'ROLE_NOT_ALLOWED',
        `${path} is for ${roles}; the token is of the role ${caller.role}`,
        { role: caller.role, allowed: roles },
      );
    }
    const isStream = call.method.requestStream || call.method.responseStream;
    using _watch = isStream ? watchStanding(call, call.token, caller, standing) : undefined;
    await next({ ...call, caller });
  };
