import { SessionCommand } from '#libs/contracts/session.ts';
import { isDomainError, type FieldViolation } from '#libs/errors/index.ts';
import type { CallContext } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { isStoppedSo } from '../domain/decide-commands.ts';
import { hasEnded } from '../domain/workload.ts';
import { commandFromProto } from '../session/commands.ts';
import { changingHands, refusalError, requestIdReused } from '../session/errors.ts';
import type { View } from '../session/reads.ts';
import { checkTarget, resolve, workloadNotFound, type Target } from './target.ts';

/** What a caller wants done, as bus.proto names it. */
export type CommandMessage = NonNullable<SessionCommand['command']>;

const AGAIN_MS = 200;
const ANSWER_MS = 5_000;
/** Kept back from the caller's deadline, so that the answer still reaches it. */
const MARGIN_MS = 300;
const LONGEST_MS = 30_000;

/**
 * Passes a command to the workload's owner and answers the workload once it is durable. Where nobody owns it right now, it
 * waits for the take-over until the caller's deadline. `found` is what is wrong with the request's other fields.
 */
export const command = async (
  ctx: Context,
  call: CallContext,
  target: Target & { requestId: string },
  message: CommandMessage,
  found: readonly FieldViolation[] = [],
): Promise<View> => {
  const tooLong = { field: 'request_id', description: 'must be at most 64 characters' };
  checkTarget(call.caller, target, target.requestId.length > 64 ? [...found, tooLong] : found);
  const view = await resolve(ctx, call.caller, target);
  const id = view.document._id;
  const ask: SessionCommand = { requestId: target.requestId, command: message };
  const bytes = SessionCommand.encode(ask).finish();
  const until = ctx.clock.monotonic() + Math.min(call.deadlineMs ?? LONGEST_MS, LONGEST_MS) - MARGIN_MS;
  for (;;) {
    const closed = await closedView(ctx, id);
    if (closed !== undefined) return decideClosed(closed, ask);
    const left = until - ctx.clock.monotonic();
    if (left <= 0) throw changingHands(id);
    try {
      await ctx.bus.request(`muster.session.v1.${id}.command`, bytes, {
        timeoutMs: Math.min(left, ANSWER_MS),
        signal: call.signal,
      });
      return await viewOf(ctx, id);
    } catch (thrown) {
      if (!isTransient(thrown)) throw thrown;
    }
    await ctx.clock.sleep(AGAIN_MS, call.signal);
  }
};

/** Every command may be given twice: a repetition finds done what it asks for. */
const isTransient = (thrown: unknown): boolean =>
  isDomainError(thrown) &&
  ['NO_RESPONDER', 'REPLY_TIMEOUT', 'WORKLOAD_CHANGES_HANDS', 'SESSION_BUSY'].includes(thrown.reason);

const viewOf = async (ctx: Context, id: string): Promise<View> => {
  const view = await ctx.reads.view(id);
  if (view === undefined) throw workloadNotFound(id);
  return view;
};

const closedView = async (ctx: Context, id: string): Promise<View | undefined> => {
  const view = await viewOf(ctx, id);
  return view.state.closed ? view : undefined;
};

/** Nothing can change a workload that has ended; a repetition is answered, and stopping what is stopped is done already. */
const decideClosed = (view: View, ask: SessionCommand): View => {
  const { state, document } = view;
  if (!hasEnded(state)) throw new Error(`workload ${document._id} is closed, yet has not ended`);
  const { command: wanted, request } = commandFromProto(ask);
  const known = request === undefined ? undefined : state.requests.get(request.requestId);
  if (known !== undefined && known !== request?.requestHash) throw requestIdReused(ask.requestId);
  if (known !== undefined || isStoppedSo(state, wanted)) return view;
  throw refusalError(document._id, { reason: 'WORKLOAD_ENDED', state: state.phase });
};
