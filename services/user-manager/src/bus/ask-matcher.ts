import { DomainError, isDomainError, status } from '#libs/errors/index.ts';
import type { CallContext } from '#libs/grpc/index.ts';
import { matcherSubject, type MatcherVerb } from '#libs/mesh/index.ts';
import type { Bus } from '#libs/nats/index.ts';

/** Sessions state their demands every 2 s, so waiting longer than this is useless. */
const ANSWER_MS = 5_000;

const noMatcher = (cause: unknown): DomainError =>
  new DomainError(
    status.UNAVAILABLE,
    'NO_MATCHER',
    'no user-manager matches right now; state it again',
    {},
    { retryAfterMs: 1_000, cause },
  );

const isNobodyThere = (thrown: unknown): boolean =>
  isDomainError(thrown) && (thrown.reason === 'NO_RESPONDER' || thrown.reason === 'REPLY_TIMEOUT');

/** Passes a request on to the replica that matches. Throws what that replica throws, or UNAVAILABLE `NO_MATCHER`. */
export const askMatcher = async (
  bus: Pick<Bus, 'request'>,
  verb: MatcherVerb,
  request: Uint8Array,
  { deadlineMs = ANSWER_MS, signal }: Pick<CallContext, 'deadlineMs' | 'signal'>,
): Promise<Uint8Array> => {
  try {
    return await bus.request(matcherSubject(verb), request, {
      timeoutMs: Math.min(deadlineMs, ANSWER_MS),
      signal,
    });
  } catch (thrown) {
    throw isNobodyThere(thrown) ? noMatcher(thrown) : thrown;
  }
};
