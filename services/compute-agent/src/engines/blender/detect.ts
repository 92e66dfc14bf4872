import { z } from 'zod';
import { text } from '#libs/config/index.ts';
import type { Detected, Surroundings } from '../family.ts';
import { engineMemory, recall } from './engine-memory.ts';
import { type BlenderProgram, findBlender } from './find-blender.ts';
import { RENDER_ENGINES, type RenderEngine } from './job.ts';
import { tryEngine } from './try-engine.ts';

/** Blender's path, or its name in PATH. */
export const blenderVariables = { MUSTER_AGENT_BLENDER: text('/usr/bin/blender').prefault('blender') };
const settings = z.object(blenderVariables);
export type BlenderSettings = z.infer<typeof settings>;

/** A Blender of which these engines were tried and work. */
export type WorkingBlender = { kind: 'works'; engines: readonly RenderEngine[] } & BlenderProgram;

const NO_BLENDER: Extract<Detected<never>, { kind: 'missing' }> = {
  kind: 'missing',
  why: 'there is no Blender here that works; install one (apt-get install blender), or name it with --agent-blender',
};

/** Engines that nobody named are tried once, and what was found is remembered. */
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
      // Others may have found out about other engines meanwhile.
      await memory.write({ ...(await memory.read()), [engine]: { works, triedMs: clock.now() } });
    }
    if (works) {
      working.push(engine);
    }
  }
  return working;
};

/** Engines that somebody named are tried at every start, and only these: one that needs a display takes its time to fail. */
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
      around.logger.warn({ engine, trouble }, 'asked to offer an engine that does not work on this machine');
    }
  }
  return working;
};

/**
 * Finds Blender, and which of its engines work. Each is tried with a picture of 8×8 pixels, in the sandbox, because being
 * there and working are two things: Eevee needs a graphics driver. Rejects with the signal's reason when `signal` aborts.
 */
export const detectBlender = async (
  wanted: 'auto' | readonly string[],
  around: Surroundings<BlenderSettings>,
  signal: AbortSignal,
): Promise<WorkingBlender | Extract<Detected<never>, { kind: 'missing' }>> => {
  const blender = await findBlender(around.settings.MUSTER_AGENT_BLENDER, around.searchPath);
  if (blender === undefined) return NO_BLENDER;
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
