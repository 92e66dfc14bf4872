import type {
  SetSessionUserInfoRequest,
  SetSessionUserInfoResponse,
} from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import type { Context } from '../../context.ts';
import { findSession } from '../../wire/session.ts';
import { checkUser, computeToProto, userOf } from '../../wire/compute.ts';

/** Records who uses a session and for what. */
export const setSessionUserInfo =
  (ctx: Context): Unary<SetSessionUserInfoRequest, SetSessionUserInfoResponse> =>
  async ({ sessionId, userInfo }, { caller }) => {
    const wrong = collectViolations();
    checkUser(wrong, userInfo);
    wrong.throwIfAny();
    const { computeSessions } = ctx;
    const found = findSession(computeSessions.manager, caller, sessionId);
    const session = computeSessions.setUser(found, userOf(userInfo));
    return { session: await computeToProto(ctx, session) };
  };
