import type { Progress } from '#libs/contracts/agent.ts';
import { collectViolations, isAttemptId, isId } from '#libs/mesh/index.ts';

const MAX_TASKS = 256;
const MAX_TEXT_CHARS = 200;

const isSpan = (seconds: number | undefined): boolean =>
  seconds === undefined || (Number.isFinite(seconds) && seconds >= 0);

/** Checks what an agent says of its progress, because the workload becomes part of a subject. Throws INVALID_ARGUMENT `INVALID_FIELDS`. */
export const checkProgress = ({ tasks }: Progress): void => {
  const wrong = collectViolations();
  wrong.require(tasks.length <= MAX_TASKS, 'progress.tasks', `must be at most ${MAX_TASKS}`);
  for (const [i, task] of tasks.slice(0, MAX_TASKS).entries()) {
    const { workloadId, attempt, fraction = 0, text, elapsedSeconds, remainingSeconds } = task;
    const message = wrong.within(`progress.tasks[${i}]`);
    message.require(isId(workloadId), 'workload_id', 'must be a workload id');
    message.require(isAttemptId(attempt), 'attempt', 'must be <epoch>-<counter>');
    message.require(fraction >= 0 && fraction <= 1, 'fraction', 'must be 0 to 1');
    message.require(
      text.length <= MAX_TEXT_CHARS,
      'text',
      `must have at most ${MAX_TEXT_CHARS} characters`,
    );
    message.require(isSpan(elapsedSeconds), 'elapsed_seconds', 'must be a number from 0');
    message.require(isSpan(remainingSeconds), 'remaining_seconds', 'must be a number from 0');
  }
  wrong.throwIfAny();
};
