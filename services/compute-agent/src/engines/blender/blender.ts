import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '#libs/clock/index.ts';
import type { Random } from '#libs/random/index.ts';
import { rendererLimits, type Sandbox } from '../../sandbox/index.ts';
import type { Cancelled, Engine, Failed, RenderEngine } from '../engine.ts';
import { installDriver } from './install.ts';
import type { RenderJob } from './job.ts';
import { openScene, type OpenedScene } from './scene.ts';

/** What the Blender engine needs to know of this machine and this agent. */
export interface BlenderOptions {
  sandbox: Sandbox;
  /** Blender's program, an absolute path with links resolved, and its version. */
  program: string;
  version: string;
  /** The render engines that were tried and work here. */
  engines: readonly RenderEngine[];
  /** A folder for this agent alone. Scenes that an earlier run left open in it are removed, finished pictures stay. */
  folder: string;
  /** How many scenes are rendered at a time on this machine, and what the machine has for all of them. */
  slots: number;
  cpus: number;
  memoryBytes: number;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** The engine for {@link RenderJob}s. */
export interface BlenderEngine extends Engine<RenderJob> {
  open(job: RenderJob, signal: AbortSignal): Promise<OpenedScene | Failed | Cancelled>;
}

/** Prepares rendering with Blender: one warm renderer for each scene that is opened. */
export const createBlenderEngine = async (options: BlenderOptions): Promise<BlenderEngine> => {
  const { sandbox, program, engines, folder, slots, clock, random, logger } = options;
  const scenes = join(folder, 'scenes');
  await rm(scenes, { recursive: true, force: true });
  await mkdir(scenes, { recursive: true });
  const driver = await installDriver(join(folder, 'driver'));
  const threads = Math.max(1, Math.floor(options.cpus / slots));
  const limits = rendererLimits(Math.floor(options.memoryBytes / slots), options.cpus);
  return {
    name: 'blender',
    version: options.version,
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
