import { completed, type Completed, type Running } from '../engine.ts';
import type { Part } from './case-files.ts';
import type { WorkingFoam } from './detect.ts';
import type { SimulationJob } from './job.ts';
import type { OpenfoamOptions } from './openfoam.ts';
import type { Bench } from './program.ts';
import type { RunOptions } from './run-step.ts';

/** One task of a case while it runs. */
export interface TaskRun {
  job: SimulationJob;
  /** The index of the case. */
  index: number;
  /** Where the case lies; it does not exist yet. */
  folder: string;
  /** Where copies for checkpoints are kept. */
  copies: string;
  /** Where the files of the result go. */
  results: string;
  options: OpenfoamOptions;
  running: Running;
  /** How programs of the step run: until the limit of the whole step. */
  runOptions(bench: Bench): RunOptions;
  /** How long the task runs so far. */
  seconds: () => number;
}

const MAX_LOG_CHARS = 64 * 1024;

/** The end of a task that did its work. */
export const doneWith = (
  { seconds }: TaskRun,
  { distribution, version }: WorkingFoam,
  made: { parts: readonly Part[]; notes: readonly string[]; log: string; isFlawed?: boolean },
): Completed =>
  completed({
    parts: [...made.parts],
    sha256: '',
    sizeBytes: made.parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    pixelHash: '',
    seconds: seconds(),
    notes: [...made.notes],
    used: { engine: distribution, version, device: '' },
    log: made.log.slice(-MAX_LOG_CHARS),
    ...(made.isFlawed === true && { isFlawed: true }),
  });
