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
  wrong.require(attempt !== undefined, field, 'must be set');
  if (attempt === undefined) {
    return;
  }
  const message = wrong.within(field);
  message.require(isTaskKey(attempt.task), 'task', 'must be <node>/<index>');
  message.require(isAttemptId(attempt.attempt), 'attempt', 'must be <epoch>-<counter>');
  message.require(
    attempt.token.length === ATTEMPT_TOKEN_BYTES,
    'token',
    `must have ${ATTEMPT_TOKEN_BYTES} bytes`,
  );
};

export const checkHeld = (
  { workloadId, attempts }: Held,
  field: string,
  wrong: Violations,
): void => {
  const message = wrong.within(field);
  message.require(isId(workloadId), 'workload_id', 'must be a workload id');
  message.require(
    attempts.length <= MAX_ATTEMPTS_HELD,
    'attempts',
    `must be at most ${MAX_ATTEMPTS_HELD}`,
  );
  for (const [i, attempt] of attempts.slice(0, MAX_ATTEMPTS_HELD).entries()) {
    checkAttempt(attempt, `${field}.attempts[${i}]`, wrong);
  }
};
