import type { Result, Workload } from '#libs/contracts/session.ts';
import { parseTaskKey } from '#libs/mesh/index.ts';
import { viewOf } from './kinds.ts';

const MIN_DIGITS = 4;

/**
 * The name under which a result is kept: `frame_0001.png`, `task_0001.bin`, or of several steps `solve/0001.bin`. All of
 * a workload have the same number of digits, because they then sort, and ffmpeg reads them as one sequence.
 */
export const resultFileName = (
  workload: Workload,
  { task, frame }: Pick<Result, 'task' | 'frame'>,
): string => {
  const digits = Math.max(MIN_DIGITS, String(workload.lastFrame).length);
  const number = String(frame).padStart(digits, '0');
  const { noun, hasSeveralSteps, extension } = viewOf(workload);
  const node = hasSeveralSteps ? parseTaskKey(task)?.node : undefined;
  return `${node === undefined ? `${noun}_` : `${node}/`}${number}.${extension}`;
};
