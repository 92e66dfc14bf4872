import { ATTEMPT_TOKEN_BYTES } from '#libs/auth/index.ts';
import type { Attempt } from '#libs/contracts/common.ts';
import type { Held } from '#libs/contracts/agent.ts';
import { isAttemptId, isId, isTaskKey, type Violations } from '#libs/mesh/index.ts';

const MAX_ATTEMPTS_HELD = 10_000;

/** Notes what is wrong with an attempt that an agent names. The session checks the token. */
export const checkAttempt = (
  attempt: Attempt | undefined,
  field: string,
  wrong: Violations,
): void => {
  if (attempt === undefined) {
    wrong.require(false, field, 'must be set');
    return;
  }
  if (!isTaskKey(attempt.task)) {
    wrong.require(false, `${field}.task`, 'must be <node>/<index>');
  }
  if (!isAttemptId(attempt.attempt)) {
    wrong.require(false, `${field}.attempt`, 'must be <epoch>-<counter>');
  }
  if (attempt.token.length !== ATTEMPT_TOKEN_BYTES) {
    wrong.require(false, `${field}.token`, `must have ${ATTEMPT_TOKEN_BYTES} bytes`);
  }
};

export const checkHeld = (
  { workloadId, attempts }: Held,
  field: string,
  wrong: Violations,
): void => {
  wrong.require(isId(workloadId), `${field}.workload_id`, 'must be a workload id');
  wrong.require(
    attempts.length <= MAX_ATTEMPTS_HELD,
    `${field}.attempts`,
    `must be at most ${MAX_ATTEMPTS_HELD}`,
  );
  for (const [i, attempt] of attempts.slice(0, MAX_ATTEMPTS_HELD).entries()) {
    checkAttempt(attempt, `${field}.attempts[${i}]`, wrong);
  }
};
