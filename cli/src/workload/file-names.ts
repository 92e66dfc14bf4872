import type { Result, Workload } from '#libs/contracts/session.ts';
import { isFileEnding, parseTaskKey } from '#libs/mesh/index.ts';
import { caseFolder } from '../simulation/cases.ts';
import { viewOf } from './kinds.ts';

const MIN_DIGITS = 4;

/** The name under which the preview of a result is kept: `preview_0001.jpg`. */
export const previewFileName = (workload: Workload, { frame }: Pick<Result, 'frame'>): string =>
  `preview_${numberOf(workload, frame)}.jpg`;

const numberOf = ({ lastFrame }: Workload, frame: number): string =>
  String(frame).padStart(Math.max(MIN_DIGITS, String(lastFrame).length), '0');

/**
 * The name under which a file of a result is kept: `frame_0001.png`, `frame_0001_R.png`, `task_0001.bin`, or of several steps
 * `solve/0001.bin`. All of a workload have the same number of digits, because they then sort, and ffmpeg reads them as one sequence.
 */
export const resultFileName = (
  workload: Workload,
  { task, frame, ending }: Pick<Result, 'task' | 'frame' | 'ending'>,
): string => {
  const number = numberOf(workload, frame);
  const { noun, hasSeveralSteps, extension } = viewOf(workload);
  const node = hasSeveralSteps ? parseTaskKey(task)?.node : undefined;
  const end = isFileEnding(ending) ? ending : `.${extension}`;
  return `${node === undefined ? `${noun}_` : `${node}/`}${number}${end}`;
};

/** The folder under which the files of a result are kept that has many: `nu=0.01`, `case-0003`. */
export const treeFolderName = (
  { spec }: Pick<Workload, 'spec'>,
  { frame }: Pick<Result, 'frame'>,
): string => caseFolder(spec?.$case === 'simulation' ? spec.value.cases : [], frame);
