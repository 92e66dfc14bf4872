import type { StartVncSessionRequest, StartVncSessionResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import type { Context } from '../../context.ts';
import { parseTarget, type Target } from '../../vnc/target.ts';
import { holderOf } from '../callers.ts';
import { checkWait, waitOf } from '../../wire/wait.ts';
import { consoleToProto } from '../../wire/console.ts';

/** Makes a machine's console reachable, or answers the machine's existing session. */
export const startVncSession =
  (ctx: Context): Unary<StartVncSessionRequest, StartVncSessionResponse> =>
  async (request, call) => {
    const target = parse(request);
    const { vm, gateway: isGateway, allowUnreachable: mayBeUnreachable } = request;
    const wanted = {
      vm,
      target,
      isGateway,
      mayBeUnreachable,
      ...holderOf(call.caller),
      waitMs: waitOf(request.wait, call),
    };
    const { session, isReused } = await ctx.consoles.start(wanted, call.signal);
    const message = consoleToProto(ctx, session);
    const { sessionId, url, port, state } = message;
    return { sessionId, url, port, state, reused: isReused, session: message };
  };

const MAX_NAME_CHARS = 128;

const parse = ({ vm, target, wait }: StartVncSessionRequest): Target => {
  const wrong = collectViolations();
  checkWait(wrong, wait);
  const isName = vm.trim() !== '' && vm.length <= MAX_NAME_CHARS && !/\p{Cc}/u.test(vm);
  wrong.require(isName, 'vm', `name the machine, in up to ${MAX_NAME_CHARS} characters`);
  const parsed = parseTarget(target);
  wrong.require(
    parsed !== undefined,
    'target',
    'must be host:port, as 10.0.0.7:5901 or [fd00::7]:5901',
  );
  return wrong.passed(parsed);
};
