import type { Duration } from '#libs/contracts/rpc.ts';
import type { SendCommandRequest, SendCommandResponse } from '#libs/contracts/port.ts';
import { invalidFields } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { durationFromProto, requireText } from '#libs/mesh/index.ts';
import type { Context } from '../../context.ts';
import { findSession } from '../../wire/session.ts';

const LONGEST_MS = 300_000;
/** Kept back from the caller's deadline, so that the answer still reaches it. */
const MARGIN_MS = 200;

/** Sends a command to a session's worker. */
export const sendCommand =
  (ctx: Context): Unary<SendCommandRequest, SendCommandResponse> =>
  async ({ sessionId, commandJson, timeout }, { caller, signal, deadlineMs = Infinity }) => {
    const { computeSessions } = ctx;
    const session = findSession(
      computeSessions.manager,
      caller,
      requireText('session_id', sessionId),
    );
    const timeoutMs = Math.max(0, Math.min(timeoutOf(timeout), deadlineMs - MARGIN_MS));
    const subject = caller?.subject ?? '';
    const { reply, tookMs, residentBytes } = await computeSessions.send(
      session,
      subject,
      commandJson,
      timeoutMs,
      signal,
    );
    const { text, isSuccess, error } = reply;
    return { replyJson: text, success: isSuccess, error, tookMs, memoryAfterBytes: residentBytes };
  };

const timeoutOf = (timeout: Duration | undefined): number => {
  const ms = durationFromProto(timeout) ?? LONGEST_MS;
  if (ms > 0 && ms <= LONGEST_MS) {
    return ms;
  }
  throw invalidFields([{ field: 'timeout', description: 'must be over 0 and at most 300 s' }]);
};
