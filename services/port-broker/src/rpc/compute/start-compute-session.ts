import type {
  StartComputeSessionRequest,
  StartComputeSessionResponse,
} from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import type { Context } from '../../context.ts';
import { clientOf } from '../../hosts/forward.ts';
import { holderOf } from '../callers.ts';
import { checkWait, waitOf } from '../../wire/wait.ts';
import { checkUser, computeToProto, userOf } from '../../wire/compute.ts';

export const startComputeSession =
  (ctx: Context): Unary<StartComputeSessionRequest, StartComputeSessionResponse> =>
  async (request, call) => {
    check(request);
    const { worker, requestId, expose: isExposed } = request;
    const given = userOf(request.userInfo);
    const { address, agent } = clientOf(call);
    const user = {
      ...given,
      clientAddress: given.clientAddress === '' ? address : given.clientAddress,
      clientAgent: given.clientAgent === '' ? agent : given.clientAgent,
    };
    const wanted = {
      worker,
      ...holderOf(call.caller),
      user,
      isExposed,
      requestId,
      waitMs: waitOf(request.wait, call),
    };
    call.standAside();
    const { session, isReused } = await ctx.computeSessions.start(wanted, call.signal);
    const message = await computeToProto(ctx, session);
    const { sessionId, port, state } = message;
    return { sessionId, port, state, reused: isReused, session: message };
  };

const MAX_ID_CHARS = 256;

const check = ({ wait, userInfo, requestId }: StartComputeSessionRequest): void => {
  const wrong = collectViolations();
  checkWait(wrong, wait);
  checkUser(wrong, userInfo);
  wrong.require(
    requestId.length <= MAX_ID_CHARS,
    'request_id',
    `at most ${MAX_ID_CHARS} characters`,
  );
  wrong.throwIfAny();
};
