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

/** A Blender with the engines that were tried and work. */
export type WorkingBlender = { kind: 'works'; engines: readonly RenderEngine[] } & BlenderProgram;

const NO_BLENDER: Extract<Detected<never>, { kind: 'missing' }> = {
  kind: 'missing',
  why: 'there is no Blender here that works; install one (apt-get install blender), or name it with --agent-blender',
};

/** Tries every engine once, and remembers the findings. */
const tryAll = async (
  blender: BlenderProgram,
  around: Surroundings<BlenderSettings>,
  signal: AbortSignal,
): Promise<RenderEngine[]> => {
  const { clock, logger, sandbox, random } = around;
  const memory = await engineMemory(around.findingsDir, blender, sandbox, random);
  const found = await memory.read();
  const working: RenderEngine[] = [];
  for (const engine of RENDER_ENGINES) {
    let works = recall(found, engine, clock.now());
    if (works === undefined) {
      const trouble = await tryEngine(blender.program, engine, around, signal);
      signal.throwIfAborted();
      works = trouble === undefined;
      logger.info({ engine, works, trouble }, 'tried a render engine');
      // Another agent may have tried other engines meanwhile.
      await memory.write({ ...(await memory.read()), [engine]: { works, triedMs: clock.now() } });
    }
    if (works) {
      working.push(engine);
    }
  }
  return working;
};

/** Tries only the named engines, at every start, because an engine that needs a display takes long to fail. */
const tryNamed = async (
  engines: readonly RenderEngine[],
  { program }: BlenderProgram,
  around: Surroundings<BlenderSettings>,
  signal: AbortSignal,
): Promise<RenderEngine[]> => {
  const working: RenderEngine[] = [];
  for (const engine of engines) {
    const trouble = await tryEngine(program, engine, around, signal);
    signal.throwIfAborted();
    if (trouble === undefined) {
      working.push(engine);
    } else {
      around.logger.warn({ engine, trouble }, 'a named engine does not work on this machine');
    }
  }
  return working;
};

/**
 * Finds Blender, and which of its engines work. It renders 8×8 pixels with each in the sandbox, because an
 * engine can be there and not work: Eevee needs a graphics driver. Rejects with the signal's reason if
 * `signal` aborts.
 */
export const detectBlender = async (
  wanted: 'auto' | readonly string[],
  around: Surroundings<BlenderSettings>,
  signal: AbortSignal,
): Promise<WorkingBlender | Extract<Detected<never>, { kind: 'missing' }>> => {
  const blender = await findBlender(around.settings.MUSTER_AGENT_BLENDER, around.searchPath);
  if (blender === undefined) {
    return NO_BLENDER;
  }
  if (wanted === 'auto') {
    const engines = await tryAll(blender, around, signal);
    return engines.length === 0 ? NO_BLENDER : { kind: 'works', ...blender, engines };
  }
  const named = RENDER_ENGINES.filter((engine) => wanted.includes(engine));
  const engines = await tryNamed(named, blender, around, signal);
  return engines.length === 0
    ? { kind: 'missing', why: 'none of the engines that were asked for works here' }
    : { kind: 'works', ...blender, engines };
};
