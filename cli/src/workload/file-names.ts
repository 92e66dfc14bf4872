import { RenderFormat } from '#libs/contracts/common.ts';
import type { Result, Workload } from '#libs/contracts/session.ts';

const extensions: Record<RenderFormat, string> = {
  [RenderFormat.UNSPECIFIED]: 'png',
  [RenderFormat.PNG]: 'png',
  [RenderFormat.JPEG]: 'jpg',
  [RenderFormat.OPEN_EXR]: 'exr',
  [RenderFormat.UNRECOGNIZED]: 'bin',
};

const minimumDigits = 4;

/**
 * The name under which a result is kept: `frame_0001.png`, `task_0001.bin` for noop. All names of a workload have the
 * same number of digits, so that they sort and that ffmpeg reads them as one sequence.
 */
export const resultFileName = (workload: Workload, { frame }: Pick<Result, 'frame'>): string => {
  const digits = Math.max(minimumDigits, String(workload.lastFrame).length);
  const number = String(frame).padStart(digits, '0');
  return workload.spec?.$case === 'render'
    ? `frame_${number}.${extensions[workload.spec.value.format]}`
    : `task_${number}.bin`;
};

/** What the tasks of a workload are called: `frame` or `task`. */
export const taskNoun = (workload: Workload): string => (workload.spec?.$case === 'render' ? 'frame' : 'task');
