import type { Logger } from 'pino';
import { RENDER_ENGINES, type RenderEngine } from '../engines/index.ts';
import { engineMemory, type Findings, recall } from './engine-memory.ts';
import { type BlenderProgram, findBlender } from './find-blender.ts';
import { findMachine, type Machine } from './machine.ts';
import { tryEngine, type TrialOptions } from './try-engine.ts';

/** What this machine can do. */
export interface Capability extends Machine {
  sandbox: 'NONE' | 'BUBBLEWRAP';
  /** Undefined where there is no Blender, or no engine of it works. */
  blender: (BlenderProgram & { engines: RenderEngine[] }) | undefined;
}

/** What to look for, and where. */
export interface CapabilityOptions extends Omit<TrialOptions, 'memoryBytes'> {
  /** Blender's path, or its name to be looked for in `searchPath`. */
  blender: string;
  /** PATH. */
  searchPath: string;
  /** Where findings are remembered; agents may share it. */
  memoryDir: string;
  logger: Logger;
}

const workingEngines = async (
  blender: BlenderProgram,
  machine: Machine,
  options: CapabilityOptions,
  signal: AbortSignal,
): Promise<RenderEngine[]> => {
  const { clock, logger, sandbox, random } = options;
  const memory = await engineMemory(options.memoryDir, blender, sandbox, random);
  const found: Findings = await memory.read();
  const working: RenderEngine[] = [];
  for (const engine of RENDER_ENGINES) {
    let works = recall(found, engine, clock.now());
    if (works === undefined) {
      const trouble = await tryEngine(blender.program, engine, { ...options, ...machine }, signal);
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

/**
 * Finds out what this machine can do. Every engine of Blender is tried with a picture of 8×8 pixels, in the sandbox, because
 * being there and working are two things (Eevee needs a graphics driver); what was found is remembered. Rejects with the
 * signal's reason when `signal` aborts.
 */
export const findCapability = async (options: CapabilityOptions, signal: AbortSignal): Promise<Capability> => {
  const machine = findMachine();
  const sandbox = options.sandbox.kind === 'none' ? 'NONE' : 'BUBBLEWRAP';
  const blender = await findBlender(options.blender, options.searchPath);
  const engines = blender ? await workingEngines(blender, machine, options, signal) : [];
  return { ...machine, sandbox, blender: blender && engines.length > 0 ? { ...blender, engines } : undefined };
};
