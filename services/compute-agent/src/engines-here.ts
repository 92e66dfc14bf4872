import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import type { Clock } from '#libs/clock/index.ts';
import type { Capability } from '#libs/contracts/agent.ts';
import { DomainError } from '#libs/errors/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { findCapability } from './capability/index.ts';
import { findMachine } from './capability/machine.ts';
import type { Config } from './config.ts';
import { createBlenderEngine, createNoopEngine, type RenderEngine } from './engines/index.ts';
import { findSandbox } from './sandbox/index.ts';
import type { Engines } from './work/opening.ts';

/** What this process can do, for itself and for the mesh. */
export interface EnginesHere {
  engines: Engines;
  capability: Capability;
}

export interface Surroundings {
  /** A folder for this agent alone. */
  folder: string;
  clock: Clock;
  random: Random;
  log: Logger;
}

const noEngine = (message: string): DomainError => new DomainError(status.FAILED_PRECONDITION, 'NO_ENGINE', message);

/** The engines of Blender to offer, of those that work. */
const chosen = (
  config: Pick<Config, 'engines'>,
  working: readonly RenderEngine[],
  log: Logger,
): readonly RenderEngine[] => {
  const { engines: choice } = config;
  if (choice === 'auto') {
    return working;
  }
  for (const engine of choice) {
    if (engine !== 'noop' && !working.includes(engine)) {
      log.warn({ engine }, 'asked to offer an engine that does not work on this machine');
    }
  }
  return working.filter((engine) => choice.includes(engine));
};

const onlyNoop = (config: Config, clock: Clock): EnginesHere => {
  const { cpus, memoryBytes } = findMachine();
  const noop = createNoopEngine({ clock });
  return {
    engines: { render: undefined, noop },
    capability: {
      cpus,
      memoryBytes: Math.floor(memoryBytes / (config.slots * config.tokens.length)),
      engines: [{ name: noop.name, version: noop.version }],
      // Nothing runs here that could be kept from the machine.
      sandbox: 'SANDBOX_LEVEL_NONE',
    },
  };
};

/**
 * Finds out which of the wanted engines work here. Throws FAILED_PRECONDITION `NO_ENGINE` when none does, and
 * `SANDBOX_MISSING` where renderers could not be confined.
 */
export const findEngines = async (config: Config, around: Surroundings, signal: AbortSignal): Promise<EnginesHere> => {
  const { folder, clock, random, log } = around;
  const { engines: choice, blender: name, searchPath, noSandbox } = config;
  const hasNoop = choice !== 'auto' && choice.includes('noop');
  if (choice !== 'auto' && choice.every((engine) => engine === 'noop')) {
    return onlyNoop(config, clock);
  }
  const sandbox = await findSandbox({ noSandbox });
  const memoryDir = join(config.cache.dir, 'engines');
  const found = await findCapability(
    { blender: name, searchPath, memoryDir, sandbox, folder, clock, random, logger: log },
    signal,
  );
  const { cpus, memoryBytes, blender } = found;
  const working = chosen(config, blender?.engines ?? [], log);
  if (working.length === 0 && !hasNoop) {
    throw noEngine(
      blender === undefined
        ? 'there is no Blender here that works; install one (apt-get install blender), or name it with --agent-blender'
        : `none of the engines that were asked for works here, only ${blender.engines.join(', ')}`,
    );
  }
  const slots = config.slots * config.tokens.length;
  const render =
    blender === undefined || working.length === 0
      ? undefined
      : await createBlenderEngine({
          sandbox,
          program: blender.program,
          version: blender.version,
          engines: working,
          folder,
          slots,
          cpus,
          memoryBytes,
          clock,
          random,
          logger: log,
        });
  const noop = hasNoop ? createNoopEngine({ clock }) : undefined;
  return {
    engines: { render, noop },
    capability: {
      cpus,
      memoryBytes: Math.floor(memoryBytes / slots),
      engines: [
        ...working.map((engine) => ({ name: engine, version: blender?.version ?? '' })),
        ...(noop === undefined ? [] : [{ name: noop.name, version: noop.version }]),
      ],
      sandbox: found.sandbox === 'NONE' ? 'SANDBOX_LEVEL_NONE' : 'SANDBOX_LEVEL_BUBBLEWRAP',
    },
  };
};
