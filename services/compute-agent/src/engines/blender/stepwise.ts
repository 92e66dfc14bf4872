import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { failed, type Opened, type Outcome, type Running, type Task } from '../engine.ts';
import type { RenderJob } from './job.ts';
import type { SceneOptions } from './opening.ts';
import { bakePhysics } from './physics/bake.ts';
import { bakedFrom } from './physics/workspace.ts';
import { type OpenedScene, openScene } from './scene.ts';

/** The task that bakes. */
const BAKE = 'bake/0';

/** Opens work whose frames need what another task baked. What a task needs is opened when it comes, and kept for the next. */
export const openStepwise = (options: SceneOptions, job: RenderJob): Opened => {
  let open: { archive: string; scene: OpenedScene } | undefined;

  const close = async (): Promise<void> => {
    const { scene } = open ?? {};
    open = undefined;
    await scene?.close();
  };

  const renderBaked = async (task: Task, running: Running): Promise<Outcome> => {
    const archive = await running.input(BAKE);
    if (archive.kind !== 'file') {
      return archive;
    }
    if (open?.archive !== archive.file) {
      await close();
      const { physics: _, ...plain } = job;
      const layOut = bakedFrom(archive.file, job);
      const own = { ...options, folder: join(options.folder, 'frames') };
      const scene = await openScene(own, { ...plain, layOut }, running.signal);
      if (scene.kind !== 'opened') {
        return scene;
      }
      open = { archive: archive.file, scene };
    }
    return open.scene.run(task, running);
  };

  const bake = async (running: Running): Promise<Outcome> => {
    await close();
    const own = { ...options, folder: join(options.folder, 'bake') };
    try {
      return await bakePhysics(own, job, running);
    } catch (error) {
      options.logger.error({ err: error }, 'baking failed because of a problem of the agent');
      return failed('AGENT_ERROR', error instanceof Error ? error.message : String(error));
    } finally {
      await rm(own.folder, { recursive: true, force: true });
    }
  };

  return {
    kind: 'opened',
    run: async (task, running) => {
      if (task.key === BAKE) {
        return bake(running);
      }
      return renderBaked(task, running);
    },
    close: async () => {
      await close();
      await rm(options.folder, { recursive: true, force: true });
    },
  };
};
