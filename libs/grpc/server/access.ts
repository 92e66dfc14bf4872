import type { AccessTable, MethodAccess } from '#libs/auth/index.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { isServiceName } from '#libs/mesh/index.ts';
import type { Wrapper } from './incoming-call.ts';
import { type Standing, watchStanding } from './standing.ts';

/**
 * Lets public rpcs through, and others with a token of one of the roles, or of one of the services, streams only as long as that holds. One that the table does
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
    if (caller.role === 'service' && !mayService(allowed.services, caller.subject)) {
      const services = [...allowed.services].join(', ');
      throw new DomainError(
        status.PERMISSION_DENIED,
        'SERVICE_NOT_ALLOWED',
        `of the services only ${services} may call ${path}; the token names ${caller.subject}`,
        { service: caller.subject, allowed: services },
      );
    }
    const isStream = call.method.requestStream || call.method.responseStream;
    using _watch = isStream ? watchStanding(call, call.token, caller, standing) : undefined;
    await next({ ...call, caller });
  };

const mayService = (services: MethodAccess['services'], name: string): boolean =>
  isServiceName(name) && services.has(name);
