import { backoffMs } from '#libs/async/index.ts';
import { type DomainError, status } from '#libs/errors/index.ts';

/** What the agent does after the end of a stream. */
export type Ending =
  // It stays away, because another agent is connected as this machine.
  | { kind: 'superseded' }
  // It asks again slowly, because somebody has to act first.
  | { kind: 'refused'; reason: string; message: string }
  | { kind: 'lost'; reason: string; message: string; notBeforeMs: number };

/** Codes with which the mesh would answer the same call again. */
const REFUSALS: ReadonlySet<status> = new Set([
  status.INVALID_ARGUMENT,
  status.PERMISSION_DENIED,
  status.FAILED_PRECONDITION,
  status.UNIMPLEMENTED,
  status.UNAUTHENTICATED,
]);

/** Decides by the error of a stream. undefined stands for OK, which the mesh never says before our goodbye. */
export const endingOf = (
  error: Pick<DomainError, 'code' | 'reason' | 'message' | 'retryAfterMs'> | undefined,
): Ending => {
  if (error === undefined) {
    return { kind: 'lost', reason: 'ENDED', message: 'the mesh ended the stream', notBeforeMs: 0 };
  }
  const { code, reason, message, retryAfterMs } = error;
  if (reason === 'SUPERSEDED') {
    return { kind: 'superseded' };
  }
  return REFUSALS.has(code)
    ? { kind: 'refused', reason, message }
    : { kind: 'lost', reason, message, notBeforeMs: retryAfterMs ?? 0 };
};

const LOST = { firstMs: 250, longestMs: 10_000 };
const REFUSED = { firstMs: 2_000, longestMs: 60_000 };

/**
 * The pause before the next attempt to connect, after `failures` (from 1) in a row. `float` is a random number in [0, 1),
 * because thousands of agents that lost the same manager must not come back at once.
 */
export const reconnectMs = (
  ending: Exclude<Ending, { kind: 'superseded' }>,
  failures: number,
  float: number,
): number => {
  if (ending.kind === 'refused') {
    return backoffMs(REFUSED, failures, float);
  }
  return Math.max(backoffMs(LOST, failures, float), ending.notBeforeMs * (1 + float / 2));
};
