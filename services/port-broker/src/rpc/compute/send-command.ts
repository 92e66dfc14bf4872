import type { SendCommandRequest, SendCommandResponse } from '#libs/contracts/port.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations, durationFromProto } from '#libs/mesh/index.ts';
import type { Context } from '../../context.ts';
import { findSession } from '../../wire/session.ts';

const MAX_TIMEOUT_MS = 300_000;
/** The part of the caller's time that is left for the answer to reach it. */
const MARGIN_MS = 200;

export const sendCommand =
  ({ computeSessions }: Context): Unary<SendCommandRequest, SendCommandResponse> =>
  async (request, { caller, signal, standAside, deadlineMs = Infinity }) => {
    const timeoutMs = Math.max(0, Math.min(parseTimeout(request), deadlineMs - MARGIN_MS));
    const session = findSession(computeSessions.manager, caller, request.sessionId);
    const subject = caller?.subject ?? '';
    const command = await computeSessions.read(session, subject, request.commandJson);
    // The worker may take minutes.
    standAside();
    const { reply, tookMs, memoryBytes } = await computeSessions.send(
      session,
      command,
      timeoutMs,
      signal,
    );
    const { text, isSuccess, error } = reply;
    return { replyJson: text, success: isSuccess, error, tookMs, memoryAfterBytes: memoryBytes };
  };

const parseTimeout = ({ sessionId, timeout }: SendCommandRequest): number => {
  const wrong = collectViolations();
  const ms = durationFromProto(timeout) ?? MAX_TIMEOUT_MS;
  wrong.require(sessionId !== '', 'session_id', 'must not be empty');
  wrong.require(ms > 0 && ms <= MAX_TIMEOUT_MS, 'timeout', 'must be over 0 and at most 300 s');
  wrong.throwIfAny();
  return ms;
};
