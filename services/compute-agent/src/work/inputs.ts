import type { InputResult } from '#libs/contracts/agent.ts';
import { fromServiceError, statusName } from '#libs/errors/index.ts';
import {
  CANCELLED,
  type Cancelled,
  failed,
  type Failed,
  type InputFile,
} from '../engines/engine.ts';
import { getScene, isLost, type SceneOptions } from './scene.ts';

/** A result that stays in the cache until it is released. */
export interface BorrowedInput extends InputFile {
  release: () => void;
}

/** Fetches the result of an earlier task; `input` says where it is. Never rejects. */
export type FetchInput = (
  task: string,
  input: InputResult | undefined,
  signal: AbortSignal,
) => Promise<BorrowedInput | Failed | Cancelled>;

/** Gets results of earlier tasks from the cache or from blob. */
export const fetchInputs =
  (options: SceneOptions): FetchInput =>
  async (task, input, signal) => {
    if (input === undefined) {
      return failed('AGENT_ERROR', `the mesh did not say where the result of ${task} is`);
    }
    try {
      const borrowed = await getScene({ ...input, fileName: '' }, options, signal);
      return { kind: 'file', file: borrowed.file, release: () => borrowed.release() };
    } catch (thrown) {
      if (signal.aborted) {
        return CANCELLED;
      }
      const error = fromServiceError(thrown);
      const text = `the result of ${task} could not be fetched: ${statusName(error.code)} ${error.reason}: ${error.message}`;
      return failed(isLost(error) ? 'INPUT_LOST' : 'AGENT_ERROR', text, { names: [task] });
    }
  };
