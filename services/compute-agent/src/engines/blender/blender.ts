import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HEAD_BYTES, readBlendHead } from '#libs/blend/index.ts';
import type { RenderWork } from '#libs/contracts/agent.ts';
import { createDecoder } from '#libs/pictures/index.ts';
import { rendererLimits } from '#libs/sandbox/index.ts';
import { type Cancelled, type Engine, failed, type Failed } from '../engine.ts';
import type { Family, Surroundings } from '../family.ts';
import { isAtLeast } from '#libs/engines/index.ts';
import {
  type BlenderSettings,
  blenderVariables,
  detectBlender,
  type WorkingBlender,
} from './detect.ts';
import { chooseDevices, offersOf, type RenderingDevice } from './devices/device.ts';
import { hardwareFor } from './devices/hardware.ts';
import { installDriver } from './install.ts';
import { RENDER_ENGINES, type RenderJob, renderJobOf } from './job.ts';
import { copyOf } from './physics/workspace.ts';
import { openScene, type OpenedScene } from './scene.ts';
import { openStepwise } from './stepwise.ts';

/** What the Blender engine needs to know about this machine and this agent. */
export interface BlenderOptions extends Pick<
  Surroundings,
  'sandbox' | 'folder' | 'slots' | 'cpus' | 'memoryBytes' | 'clock' | 'random' | 'logger'
> {
  /** The Blenders of this machine, with the render engines that were tried and work. */
  blenders: readonly WorkingBlender[];
}

/** The engine for {@link RenderJob}s. */
export interface BlenderEngine extends Engine<RenderJob> {
  open(job: RenderJob, signal: AbortSignal): Promise<OpenedScene | Failed | Cancelled>;
}

/** The version of Blender that wrote a file; undefined if its head cannot be read, which Blender then judges. */
const writerOf = async (sceneFile: string): Promise<string | undefined> => {
  try {
    await using file = await open(sceneFile);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return readBlendHead(buffer.subarray(0, bytesRead)).versionText;
  } catch {
    return undefined;
  }
};

/**
 * The Blender of the version that the job names; without one, the latest that has the engine. A Blender older than the file
 * would leave parts out without a word.
 */
const choose = async (
  blenders: readonly WorkingBlender[],
  { version, engine, sceneFile }: RenderJob,
): Promise<WorkingBlender | Failed> => {
  const latestFirst = blenders.toSorted((a, b) => (isAtLeast(a.version, b.version) ? -1 : 1));
  const wanted = latestFirst.filter((each) => version === undefined || each.version === version);
  const [first] = wanted;
  if (first === undefined) {
    return failed('ENGINE_UNAVAILABLE', `this machine has no Blender ${version}`);
  }
  const wrote = await writerOf(sceneFile);
  const fit = wanted.filter((each) => wrote === undefined || isAtLeast(each.version, wrote));
  const chosen = fit.find(({ engines }) => engine === undefined || engines.includes(engine));
  return (
    chosen ??
    fit[0] ??
    failed(
      'AGENT_ERROR',
      `Blender ${wrote} wrote the file; Blender ${first.version} would leave parts out`,
    )
  );
};

/** The graphics cards for a job; undefined if it wants none. It never takes the processors in their place. */
const deviceFor = async (
  { devices, version }: WorkingBlender,
  slots: number,
  { device: wanted }: RenderJob,
): Promise<RenderingDevice | Failed | undefined> => {
  if (wanted === undefined) {
    return undefined;
  }
  const use = chooseDevices(devices, slots, wanted);
  return use === undefined
    ? failed('AGENT_ERROR', `Cycles of Blender ${version} can use no graphics card of this machine`)
    : { kind: 'device', use, hardware: await hardwareFor([use.backend]) };
};

/** Creates the engine, which keeps one warm renderer for each open scene, and removes the scenes of an earlier run. */
export const createBlenderEngine = async (options: BlenderOptions): Promise<BlenderEngine> => {
  const { sandbox, blenders, folder, slots, clock, random, logger } = options;
  const scenes = join(folder, 'scenes');
  await rm(scenes, { recursive: true, force: true });
  await mkdir(scenes, { recursive: true });
  const driver = await installDriver(join(folder, 'driver'));
  const threads = Math.max(1, Math.floor(options.cpus / slots));
  const limits = rendererLimits(Math.floor(options.memoryBytes / slots), options.cpus);
  const renderer = { sandbox, driver, limits, threads, clock, random };
  return {
    open: async (job, signal) => {
      const chosen = await choose(blenders, job);
      if ('kind' in chosen) {
        return chosen;
      }
      const { program, engines, version } = chosen;
      const device = await deviceFor(chosen, slots, job);
      if (device?.kind === 'failed') {
        return device;
      }
      const sceneOptions = {
        renderer: { ...renderer, program, hardware: device?.hardware },
        decoder: createDecoder({ sandbox, clock }),
        engines,
        device: device?.use,
        version,
        folder: join(scenes, random.id('s')),
        picturesDir: join(folder, 'pictures'),
        logger,
      };
      switch (job.physics) {
        case 'bake':
          return openStepwise(sceneOptions, job);
        case 'in-order': {
          // Some simulations keep what they have played in a folder beside the scene.
          return openScene(sceneOptions, { ...job, layOut: copyOf(job) }, signal);
        }
        case 'refuse':
        case undefined:
          return openScene(sceneOptions, job, signal);
        default:
          return job.physics satisfies never;
      }
    },
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
    const { blenders } = found;
    return {
      kind: 'works',
      offers: blenders.flatMap(({ engines, version, devices }) =>
        engines.map((name) => ({
          name,
          version,
          devices: name === 'CYCLES' ? offersOf(devices, around.slots) : [],
        })),
      ),
      engine: await createBlenderEngine({ ...around, blenders }),
    };
  },
  jobOf: (_workloadId, work) => renderJobOf(work),
} satisfies Family<RenderWork, RenderJob, BlenderSettings>;
