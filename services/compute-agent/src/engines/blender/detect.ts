import { z } from 'zod';
import { boolean, text } from '#libs/config/index.ts';
import type { Detected, Surroundings } from '../family.ts';
import type { BlenderDevice } from './devices/device.ts';
import { findDevices } from './devices/find-devices.ts';
import { findGraphics, NO_GRAPHICS } from './devices/graphics.ts';
import { engineMemory, identityOf } from './engine-memory.ts';
import { type BlenderProgram, findBlenders } from './find-blender.ts';
import { driverHash } from './install.ts';
import { RENDER_ENGINES, type RenderEngine } from './job.ts';
import { tryEngine } from './try-engine.ts';

/** `BLENDER`: paths of Blenders, or their names in PATH, separated by colons. By default they are sought in the usual places. */
export const blenderVariables = {
  MUSTER_AGENT_NO_GPU: boolean().prefault('0'),
  MUSTER_AGENT_BLENDER: text('/usr/bin/blender:/opt/blender-5.0/blender').optional(),
};
const settings = z.object(blenderVariables);
export type BlenderSettings = z.infer<typeof settings>;

/** A Blender with the engines that work in it, and the graphics cards with which its Cycles works. */
export type WorkingBlender = BlenderProgram & {
  engines: RenderEngine[];
  devices: readonly BlenderDevice[];
};

type Missing = Extract<Detected<never>, { kind: 'missing' }>;

const missing = (troubles: readonly string[]): Missing => ({
  kind: 'missing',
  why: [
    'there is no Blender here that works; install one (apt-get install blender), or name it (muster agent --blender PATH)',
    ...troubles,
  ].join('; '),
});

/**
 * Finds every Blender, and which of its engines work. It renders 8×8 pixels with each in the sandbox, because an engine can be
 * there and not work: Eevee needs a graphics driver. For `auto` it remembers the findings, because an engine that needs a
 * display takes long to fail, and says again why an engine does not work; it tries named engines at every start. Rejects with
 * the signal's reason.
 */
export const detectBlender = async (
  wanted: 'auto' | readonly string[],
  around: Surroundings<BlenderSettings>,
  signal: AbortSignal,
): Promise<{ kind: 'works'; blenders: WorkingBlender[] } | Missing> => {
  const { clock, logger, sandbox, random, searchPath } = around;
  const named = around.settings.MUSTER_AGENT_BLENDER?.split(':').filter(Boolean) ?? [];
  const isAuto = wanted === 'auto';
  const driver = await driverHash();
  const graphics = around.settings.MUSTER_AGENT_NO_GPU
    ? NO_GRAPHICS
    : await findGraphics(searchPath);
  const blenders: WorkingBlender[] = [];
  const troubles: string[] = [];
  const { found, absent } = await findBlenders(named, searchPath);
  for (const name of absent) {
    troubles.push(`${name} is no Blender that runs here`);
    logger.warn({ name }, 'a Blender that was named does not run here');
  }
  for (const blender of found) {
    const { program, version } = blender;
    const identity = await identityOf(blender, { sandbox, driver });
    const memory = engineMemory({ dir: around.findingsDir, random }, identity);
    const engines: RenderEngine[] = [];
    for (const engine of RENDER_ENGINES.filter((name) => isAuto || wanted.includes(name))) {
      let trouble = isAuto ? await memory.recall(engine, clock.now()) : undefined;
      if (trouble === undefined) {
        trouble = (await tryEngine(program, engine, around, signal)) ?? '';
        signal.throwIfAborted();
        await memory.keep(engine, { trouble, triedMs: clock.now() });
      }
      if (trouble === '') {
        engines.push(engine);
        logger.info({ engine, version, program }, 'a render engine works');
      } else {
        troubles.push(`${engine} of Blender ${version} (${program}) does not work: ${trouble}`);
        logger.warn({ engine, version, program, trouble }, 'a render engine does not work');
      }
    }
    const devices = engines.includes('CYCLES')
      ? await findDevices(program, identity, graphics, around, signal)
      : [];
    if (engines.length > 0) {
      blenders.push({ ...blender, engines, devices });
    }
  }
  return blenders.length > 0 ? { kind: 'works', blenders } : missing(troubles);
};
