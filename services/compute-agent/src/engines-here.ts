import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import type { Clock } from '#libs/clock/index.ts';
import type { Capability } from '#libs/contracts/agent.ts';
import { DomainError } from '#libs/errors/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { type Capability as Found, findCapability } from './capability/index.ts';
import { findBlender } from './capability/find-blender.ts';
import { findMachine } from './capability/machine.ts';
import { tryEngine, type TrialOptions } from './capability/try-engine.ts';
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

/** A Blender with the engines of it that were tried and work. */
type WorkingBlender = NonNullable<Found['blender']>;

/** The engines that somebody named are tried at every start, and only these: one that needs a display takes its time to fail. */
const findNamed = async (
  engines: readonly RenderEngine[],
  config: Config,
  trial: TrialOptions,
  { log }: Surroundings,
  signal: AbortSignal,
): Promise<WorkingBlender | undefined> => {
  const blender = await findBlender(config.blender, config.searchPath);
  if (blender === undefined) {
    return undefined;
  }
  const working: RenderEngine[] = [];
  for (const engine of engines) {
    const trouble = await tryEngine(blender.program, engine, trial, signal);
    signal.throwIfAborted();
    if (trouble === undefined) {
      working.push(engine);
    } else {
      log.warn({ engine, trouble }, 'asked to offer an engine that does not work on this machine');
    }
  }
  return { ...blender, engines: working };
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
  const { cpus, memoryBytes } = findMachine();
  const trial = { sandbox, folder, memoryBytes, clock, random };
  const memoryDir = join(config.cache.dir, 'engines');
  const blender =
    choice === 'auto'
      ? (await findCapability({ ...trial, blender: name, searchPath, memoryDir, logger: log }, signal)).blender
      : await findNamed(
          choice.filter((engine) => engine !== 'noop'),
          config,
          trial,
          around,
          signal,
        );
  const working = blender?.engines ?? [];
  if (working.length === 0 && !hasNoop) {
    throw noEngine(
      blender === undefined
        ? 'there is no Blender here that works; install one (apt-get install blender), or name it with --agent-blender'
        : 'none of the engines that were asked for works here',
    );
  }
  const slots = config.slots * config.tokens.length;
  const render =
    blender === undefined || working.length === 0
      ? undefined
      : await createBlenderEngine({
          ...trial,
          program: blender.program,
          version: blender.version,
          engines: working,
          slots,
          cpus,
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
      sandbox: sandbox.kind === 'none' ? 'SANDBOX_LEVEL_NONE' : 'SANDBOX_LEVEL_BUBBLEWRAP',
    },
  };
};
