import type { SetSessionUserInfoRequest, SetSessionUserInfoResponse } from '#libs/contracts/port.ts';
import { invalidFields } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../../context.ts';
import { named } from '../named.ts';
import { findSession } from '../session-proto.ts';
import { computeToProto, userOf, userViolations } from './compute-proto.ts';

/** Notes for whom and what a session is used. */
export const setSessionUserInfo =
  (ctx: Context): Unary<SetSessionUserInfoRequest, SetSessionUserInfoResponse> =>
  async ({ sessionId, userInfo }, { caller }) => {
    const violations = userViolations(userInfo);
    if (violations.length > 0) throw invalidFields(violations);
    const session = findSession(ctx.computeSessions.keeper, caller, named('session_id', sessionId));
    return { session: await computeToProto(ctx, ctx.computeSessions.setUser(session, userOf(userInfo))) };
  };
