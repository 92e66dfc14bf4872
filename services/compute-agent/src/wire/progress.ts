import type { TaskProgress } from '#libs/contracts/agent.ts';
import type { Assignment } from '../work/board.ts';

const MAX_TEXT_CHARS = 200;

/** How far running assignments are, as the mesh is told. `now` is monotonic, in milliseconds. */
export const progressOf = (assignments: readonly Assignment[], now: number): TaskProgress[] =>
  assignments.map(({ workloadId, attempt, startedMs, progress }) => ({
    workloadId,
    attempt: attempt.attempt,
    fraction: progress?.fraction,
    text: (progress?.text ?? '').slice(0, MAX_TEXT_CHARS).toWellFormed(),
    elapsedSeconds: (now - startedMs) / 1_000,
    remainingSeconds: progress?.remainingSeconds,
    canSplit: progress?.canSplit === true,
  }));
