import { status } from '@grpc/grpc-js';
import { fromServiceError } from '#libs/errors/index.ts';
import { CANCELLED, failed } from '../engines/engine.ts';
import type { Cancelled, Engine, Failed, NoopJob, Opened, RenderJob } from '../engines/index.ts';
import { type Job, jobOf } from './job.ts';
import { getScene, isLost, type SceneOptions } from './scene.ts';
import type { OpenWork } from './slot.ts';

/** The engines that work on this machine. */
export interface Engines {
  render: Engine<RenderJob> | undefined;
  noop: Engine<NoopJob> | undefined;
}

export interface OpeningOptions extends SceneOptions {
  engines: Engines;
  onClosingFailed: (error: unknown) => void;
}

const notHere = (engine: string): Failed =>
  failed('ENGINE_UNAVAILABLE', `${engine} does not work on this machine`, { names: [engine] });

const openRender = async (
  { job, scene }: Extract<Job, { kind: 'render' }>,
  options: OpeningOptions,
  signal: AbortSignal,
): Promise<Opened | Failed | Cancelled> => {
  const { render } = options.engines;
  if (render === undefined) {
    return notHere(job.engine ?? 'Blender');
  }
  const borrowed = await getScene(scene, options, signal);
  const opened = await render.open({ ...job, sceneFile: borrowed.file }, signal);
  if (opened.kind !== 'opened') {
    borrowed.release();
    return opened;
  }
  return {
    kind: 'opened',
    run: (task, stop) => opened.run(task, stop),
    close: async () => {
      await opened.close().catch(options.onClosingFailed);
      borrowed.release();
    },
  };
};

const openAny = async (
  job: Job,
  options: OpeningOptions,
  signal: AbortSignal,
): Promise<Opened | Failed | Cancelled> => {
  switch (job.kind) {
    case 'noop':
      return (await options.engines.noop?.open(job.job, signal)) ?? notHere('noop');
    case 'render':
      return openRender(job, options, signal);
    default:
      return job satisfies never;
  }
};

/** Gets the engine that the work asks for ready, with everything that it needs. */
export const openWork =
  (options: OpeningOptions): OpenWork =>
  async (workloadId, work, signal) => {
    const job = jobOf(workloadId, work);
    if (job.kind === 'failed') {
      return job;
    }
    try {
      return await openAny(job, options, signal);
    } catch (thrown) {
      if (signal.aborted) {
        return CANCELLED;
      }
      const error = fromServiceError(thrown);
      const text = `the scene could not be had: ${status[error.code]} ${error.reason}: ${error.message}`;
      return failed(isLost(error) ? 'SCENE_LOST' : 'AGENT_ERROR', text);
    }
  };
