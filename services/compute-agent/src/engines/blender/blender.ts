import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RenderWork } from '#libs/contracts/agent.ts';
import { rendererLimits } from '../../sandbox/index.ts';
import type { Cancelled, Engine, Failed } from '../engine.ts';
import type { Family, Surroundings } from '../family.ts';
import { type BlenderSettings, blenderVariables, detectBlender } from './detect.ts';
import { installDriver } from './install.ts';
import { RENDER_ENGINES, type RenderEngine, type RenderJob, renderJobOf } from './job.ts';
import { openScene, type OpenedScene } from './scene.ts';

/** What the Blender engine needs to know about this machine and this agent. */
export interface BlenderOptions extends Pick<
  Surroundings,
  'sandbox' | 'folder' | 'slots' | 'cpus' | 'memoryBytes' | 'clock' | 'random' | 'logger'
> {
  /** Blender's program, an absolute path with links resolved. */
  program: string;
  /** The render engines that were tried and work here. */
  engines: readonly RenderEngine[];
}

/** The engine for {@link RenderJob}s. */
export interface BlenderEngine extends Engine<RenderJob> {
  open(job: RenderJob, signal: AbortSignal): Promise<OpenedScene | Failed | Cancelled>;
}

/** Creates the engine, which keeps one warm renderer for each open scene, and removes the scenes of an earlier run. */
export const createBlenderEngine = async (options: BlenderOptions): Promise<BlenderEngine> => {
  const { sandbox, program, engines, folder, slots, clock, random, logger } = options;
  const scenes = join(folder, 'scenes');
  await rm(scenes, { recursive: true, force: true });
  await mkdir(scenes, { recursive: true });
  const driver = await installDriver(join(folder, 'driver'));
  const threads = Math.max(1, Math.floor(options.cpus / slots));
  const limits = rendererLimits(Math.floor(options.memoryBytes / slots), options.cpus);
  return {
    open: (job, signal) =>
      openScene(
        {
          renderer: { sandbox, program, driver, limits, threads, clock, random },
          engines,
          folder: join(scenes, random.id('s')),
          picturesDir: join(folder, 'pictures'),
          logger,
        },
        job,
        signal,
      ),
  };
};

/** Scenes, rendered by whatever Blender this machine has. */
export const blender = {
  name: 'blender',
  engines: RENDER_ENGINES,
  isAuto: true,
  isConfined: true,
  variables: blenderVariables,
  async detect(wanted, around, signal) {
    const found = await detectBlender(wanted, around, signal);
    if (found.kind === 'missing') {
      return found;
    }
    const { program, version, engines } = found;
    return {
      kind: 'works',
      offers: engines.map((name) => ({ name, version })),
      engine: await createBlenderEngine({ ...around, program, engines }),
    };
  },
  jobOf: (_workloadId, work) => renderJobOf(work),
} satisfies Family<RenderWork, RenderJob, BlenderSettings>;
