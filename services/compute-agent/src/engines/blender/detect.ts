import { z } from 'zod';
import { text } from '#libs/config/index.ts';
import type { Detected, Surroundings } from '../family.ts';
import { engineMemory, recall } from './engine-memory.ts';
import { type BlenderProgram, findBlender } from './find-blender.ts';
import { RENDER_ENGINES, type RenderEngine } from './job.ts';
import { tryEngine } from './try-engine.ts';

/** Blender's path, or its name in PATH. */
export const blenderVariables = {
  MUSTER_AGENT_BLENDER: text('/usr/bin/blender').prefault('blender'),
};
const settings = z.object(blenderVariables);
export type BlenderSettings = z.infer<typeof settings>;

type Missing = Extract<Detected<never>, { kind: 'missing' }>;

const NO_BLENDER: Missing = {
  kind: 'missing',
  why: 'there is no Blender here that works; install one (apt-get install blender), or name it with --agent-blender',
};

/**
 * Finds Blender, and which of its engines work. It renders 8×8 pixels with each in the sandbox, because an engine can be
 * there and not work: Eevee needs a graphics driver. For `auto` it remembers the findings, because an engine that needs a
 * display takes long to fail; it tries named engines at every start. Rejects with the signal's reason.
 */
export const detectBlender = async (
  wanted: 'auto' | readonly string[],
  around: Surroundings<BlenderSettings>,
  signal: AbortSignal,
): Promise<({ kind: 'works'; engines: RenderEngine[] } & BlenderProgram) | Missing> => {
  const { clock, logger, sandbox, random } = around;
  const blender = await findBlender(around.settings.MUSTER_AGENT_BLENDER, around.searchPath);
  if (blender === undefined) {
    return NO_BLENDER;
  }
  const isAuto = wanted === 'auto';
  const memory = isAuto
    ? await engineMemory(around.findingsDir, blender, sandbox, random)
    : undefined;
  const engines: RenderEngine[] = [];
  for (const engine of RENDER_ENGINES.filter((name) => isAuto || wanted.includes(name))) {
    let works = memory && recall(await memory.read(), engine, clock.now());
    if (works === undefined) {
      const trouble = await tryEngine(blender.program, engine, around, signal);
      signal.throwIfAborted();
      works = trouble === undefined;
      logger[works || isAuto ? 'info' : 'warn'](
        { engine, works, trouble },
        'tried a render engine',
      );
      // Another agent may have tried other engines meanwhile.
      await memory?.write({ ...(await memory.read()), [engine]: { works, triedMs: clock.now() } });
    }
    if (works) {
      engines.push(engine);
    }
  }
  if (engines.length > 0) {
    return { kind: 'works', ...blender, engines };
  }
  return isAuto
    ? NO_BLENDER
    : { kind: 'missing', why: 'none of the engines that were asked for works here' };
};
