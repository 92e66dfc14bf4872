import { rm } from 'node:fs/promises';
import { parseTaskKey, type TaskKey } from '#libs/mesh/index.ts';
import {
  type Cancelled,
  failed,
  type Failed,
  type Opened,
  type Outcome,
  type Running,
} from '../engine.ts';
import { type NotBegun, renderFrame } from './frame.ts';
import type { RenderJob } from './job.ts';
import { openRenderer, type SceneOptions } from './opening.ts';
import type { SceneFacts } from './renderer-protocol.ts';
import { renderStrip } from './tiles/render-strip.ts';
import { fetchStrips, hasStrips, stripOf } from './tiles/strips.ts';

/** An open scene, with its properties; those of a scene that takes several steps depend on the step. */
export interface OpenedScene extends Opened {
  readonly facts?: SceneFacts;
}

/** Opens a scene in a renderer of its own and keeps it warm. The next frame replaces a renderer that has died. */
export const openScene = async (
  options: SceneOptions,
  job: RenderJob,
  signal: AbortSignal,
): Promise<OpenedScene | Failed | Cancelled> => {
  /** A full disk or a lost file is the agent's problem, not the scene's. */
  const ours = (error: unknown): Failed => {
    options.logger.error({ err: error }, 'rendering failed because of a problem of the agent');
    return failed('AGENT_ERROR', error instanceof Error ? error.message : String(error));
  };

  options.decoder.warm();
  const first = await openRenderer(options, job, signal).catch(ours);
  if (first.kind !== 'ready') {
    await options.decoder[Symbol.asyncDispose]();
    await rm(options.folder, { recursive: true, force: true });
    return first;
  }
  let ready = first;
  let isBusy = false;

  /** Renders with a renderer that has the scene open, and starts one if there is none. */
  const renderOnce = async (
    { node, index: frame }: TaskKey,
    running: Running,
  ): Promise<Outcome | NotBegun> => {
    const strip = stripOf(node, job.tiles);
    const { tiles = 0 } = job;
    const isSplit = tiles > 0 && (job.tilesIfSlow !== true || hasStrips(tiles, frame, running));
    const strips =
      strip === undefined && isSplit ? await fetchStrips(tiles, frame, running) : undefined;
    if (strips?.kind === 'failed' || strips?.kind === 'cancelled') {
      return strips;
    }

    if (!ready.renderer.isAlive()) {
      const again = await openRenderer(options, job, running.signal);
      if (again.kind !== 'ready') {
        return again;
      }
      ready = again;
    }
    return strip === undefined
      ? renderFrame(ready, frame, options, job, running, strips)
      : renderStrip(ready, frame, strip, options, job, running);
  };

  const renderOne = async (key: TaskKey, running: Running): Promise<Outcome> => {
    let outcome = await renderOnce(key, running);
    if (outcome.kind === 'not-begun') {
      outcome = await renderOnce(key, running);
    }
    if (outcome.kind === 'not-begun') {
      const log = ready.renderer.log();
      outcome = failed('RENDERER_DIED', 'Blender died twice before it began the frame', { log });
    }
    if (outcome.kind === 'failed') {
      const { failureClass, reason } = outcome;
      const isAlive = ready.renderer.isAlive();
      options.logger.warn({ ...key, failureClass, reason, isAlive }, 'a frame failed');
    }
    return outcome;
  };

  return {
    kind: 'opened',
    facts: first.facts,
    run: async (task, running) => {
      const key = parseTaskKey(task.key);
      const isKnown = key?.node === 'frames' || stripOf(key?.node ?? '', job.tiles) !== undefined;
      if (key === undefined || !isKnown || isBusy) {
        const busy = 'the renderer is busy with another frame';
        return failed('AGENT_ERROR', isBusy ? busy : `${task.key} is no frame`);
      }
      isBusy = true;
      try {
        return await renderOne(key, running).catch(ours);
      } finally {
        isBusy = false;
      }
    },
    close: async () => {
      await Promise.all([ready.renderer.end(), options.decoder[Symbol.asyncDispose]()]);
      await rm(options.folder, { recursive: true, force: true });
    },
  };
};
