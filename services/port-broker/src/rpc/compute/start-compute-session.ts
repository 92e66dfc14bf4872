import type { StartComputeSessionRequest, StartComputeSessionResponse } from '#libs/contracts/port.ts';
import { invalidFields, type FieldViolation } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../../context.ts';
import { clientOf } from '../../hosts/forward.ts';
import { waitOf, waitViolations } from '../wait.ts';
import { computeToProto, userOf, userViolations } from './compute-proto.ts';

/** Starts a worker for the caller. */
export const startComputeSession =
  (ctx: Context): Unary<StartComputeSessionRequest, StartComputeSessionResponse> =>
  async (request, call) => {
    const violations = violationsOf(request);
    if (violations.length > 0) throw invalidFields(violations);
    const { worker, requestId, expose: isExposed } = request;
    const given = userOf(request.userInfo);
    const { address, agent } = clientOf(call);
    const user = {
      ...given,
      clientAddress: given.clientAddress === '' ? address : given.clientAddress,
      clientAgent: given.clientAgent === '' ? agent : given.clientAgent,
    };
    const owner = call.caller?.subject ?? '';
    const wanted = { worker, owner, user, isExposed, requestId, waitMs: waitOf(request.wait, call) };
    const { session, isReused } = await ctx.computeSessions.start(wanted, call.signal);
    const message = await computeToProto(ctx, session);
    const { sessionId, port, state } = message;
    return { sessionId, port, state, reused: isReused, session: message };
  };

const LONGEST_ID = 256;

const violationsOf = ({ wait, userInfo, requestId }: StartComputeSessionRequest): FieldViolation[] => [
  ...waitViolations(wait),
  ...userViolations(userInfo),
  ...(requestId.length > LONGEST_ID ? [{ field: 'request_id', description: `at most ${LONGEST_ID} characters` }] : []),
];
