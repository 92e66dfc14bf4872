import type { Duration } from '#libs/contracts/rpc.ts';
import type { CallContext } from '#libs/grpc/index.ts';
import { durationFromProto, type Violations } from '#libs/mesh/index.ts';

const MAX_WAIT_MS = 3_600_000;
/** The part of the caller's time that is left for the answer to reach it. */
const MARGIN_MS = 200;

export const checkWait = (wrong: Violations, wait: Duration | undefined): void => {
  wrong.require((durationFromProto(wait) ?? 0) <= MAX_WAIT_MS, 'wait', 'must be at most 1 h');
};

/** How many milliseconds to wait, at most until the call's deadline; undefined: do not wait. */
export const waitOf = (
  wait: Duration | undefined,
  { deadlineMs = Infinity }: CallContext,
): number | undefined => {
  const waitMs = durationFromProto(wait) ?? 0;
  return waitMs <= 0 ? undefined : Math.max(0, Math.min(waitMs, deadlineMs - MARGIN_MS));
};
