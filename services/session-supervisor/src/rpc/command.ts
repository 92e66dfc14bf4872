import type { StartWorkloadResponse } from '#libs/contracts/session.ts';
import type { CallContext, Unary } from '#libs/grpc/index.ts';
import { checkRequestId, collectViolations } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { obey, type CommandMessage } from '../session/owner/obey.ts';
import type { View } from '../session/reads/reads.ts';
import { answerOf } from '../wire/workload.ts';
import { checkTarget, resolve, type Target } from './target.ts';

/** Subtracted from the caller's deadline, because the answer has to reach the caller in time. */
const MARGIN_MS = 300;
const MAX_CALL_MS = 30_000;

type Commanding = Target & { requestId: string };

/**
 * Passes a command to the workload's owner and returns the workload once the command is durable. If no replica owns the
 * workload, it waits for the take-over until the caller's deadline. `wrong` holds the violations in other fields.
 */
export const command = async (
  ctx: Context,
  call: CallContext,
  target: Commanding,
  message: CommandMessage,
  wrong = collectViolations(),
): Promise<View> => {
  const { requestId } = target;
  checkRequestId(wrong, requestId);
  checkTarget(wrong, call.caller, target);
  const { document } = await resolve(ctx, call.caller, target);
  const ask = { requestId, command: message };
  return obey(ctx, document._id, ask, callDeadline(ctx, call), call.signal);
};

/** An rpc that passes a command on and answers with the workload. */
export const commandRpc =
  <Request extends Commanding>(messageOf: (request: Request) => CommandMessage) =>
  (ctx: Context): Unary<Request, StartWorkloadResponse> =>
  async (request, call) =>
    answerOf(await command(ctx, call, request, messageOf(request)));

/** The time at which the answer must be sent, in monotonic milliseconds. */
export const callDeadline = (
  { clock }: Context,
  { deadlineMs = MAX_CALL_MS }: CallContext,
): number => clock.monotonic() + Math.min(deadlineMs, MAX_CALL_MS) - MARGIN_MS;
