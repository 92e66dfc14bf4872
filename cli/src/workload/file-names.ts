import { RenderFormat } from '#libs/contracts/common.ts';
import type { Result, Workload } from '#libs/contracts/session.ts';
import { parseTaskKey } from '#libs/mesh/index.ts';

const extensions: Record<RenderFormat, string> = {
  [RenderFormat.UNSPECIFIED]: 'png',
  [RenderFormat.PNG]: 'png',
  [RenderFormat.JPEG]: 'jpg',
  [RenderFormat.OPEN_EXR]: 'exr',
  [RenderFormat.UNRECOGNIZED]: 'bin',
};

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
  if (workload.spec?.$case === 'render') {
    return `frame_${number}.${extensions[workload.spec.value.format]}`;
  }
  const node = hasSeveralSteps(workload) ? parseTaskKey(task)?.node : undefined;
  return node === undefined ? `task_${number}.bin` : `${node}/${number}.bin`;
};

/** Whether the tasks belong to several steps, each with numbers of its own. */
export const hasSeveralSteps = ({ spec }: Workload): boolean =>
  spec?.$case === 'noop' && spec.value.nodes.length > 1;

/** What the tasks of a workload are called: `frame` or `task`. */
export const taskNoun = (workload: Workload): string =>
  workload.spec?.$case === 'render' ? 'frame' : 'task';
