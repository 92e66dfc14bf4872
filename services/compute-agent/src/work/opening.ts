import { fromServiceError, statusName } from '#libs/errors/index.ts';
import {
  CANCELLED,
  type Cancelled,
  failed,
  type Failed,
  misunderstood,
  type Opened,
} from '../engines/engine.ts';
import { type Engines, families, type WorkKind, type WorkOf } from '../engines/families.ts';
import { getInput } from './input.ts';
import type { ProjectOptions } from './project.ts';
import { isLost } from './scene.ts';
import type { OpenWork } from './slot.ts';

interface OpeningOptions extends ProjectOptions {
  engines: Engines;
  onClosingFailed: (error: unknown) => void;
}

const open = async <K extends WorkKind>(
  workloadId: string,
  kind: WorkOf<K>,
  options: OpeningOptions,
  signal: AbortSignal,
): Promise<Opened | Failed | Cancelled> => {
  const work = families[kind.$case].jobOf(workloadId, kind.value);
  if (work.kind === 'failed') {
    return work;
  }
  const engine = options.engines[kind.$case];
  if (engine === undefined) {
    const reason = `${work.engine} does not work on this machine`;
    return failed('ENGINE_UNAVAILABLE', reason, { names: [work.engine] });
  }
  if (work.input === undefined) {
    return engine.open(work.job(undefined), signal);
  }
  const { input, release } = await getInput(work.input, options, signal);
  const opened = await engine.open(work.job(input), signal);
  if (opened.kind !== 'opened') {
    await release();
    return opened;
  }
  return {
    kind: 'opened',
    run: (task, running) => opened.run(task, running),
    makesCheckpoints: (task) => opened.makesCheckpoints?.(task) === true,
    close: async () => {
      await opened.close().catch(options.onClosingFailed);
      await release();
    },
  };
};

/** Opens the engine for the work, with everything that the engine needs. */
export const openWork =
  (options: OpeningOptions): OpenWork =>
  async (workloadId, work, signal) => {
    if (work?.kind === undefined) {
      return misunderstood('this kind of work');
    }
    try {
      return await open(workloadId, work.kind, options, signal);
    } catch (thrown) {
      if (signal.aborted) {
        return CANCELLED;
      }
      const error = fromServiceError(thrown);
      const text = `the scene could not be fetched: ${statusName(error.code)} ${error.reason}: ${error.message}`;
      if (error.reason === 'PROJECT_UNREADABLE') {
        return failed('SCENE_UNREADABLE', error.message);
      }
      return failed(isLost(error) ? 'SCENE_LOST' : 'AGENT_ERROR', text);
    }
  };
