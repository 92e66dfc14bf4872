import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, type Clock } from '#libs/clock/index.ts';
import type { Capability } from '#libs/contracts/agent.ts';
import { systemRandom, type Random } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { openSceneCache, type SceneCache } from './cache/scene-cache.ts';
import type { Config } from './config.ts';
import { machineOf } from './domain/machine-name.ts';
import type { Engines } from './engines/families.ts';
import { makePrivate } from './files.ts';
import { findEngines } from './engines/find-engines.ts';
import { openOutboxes, type Outboxes } from './outbox/outbox.ts';

/** What the machines of this process share. */
export interface Context {
  capability: Capability;
  engines: Engines;
  cache: SceneCache;
  /** Where projects are laid out, each in a folder of its own. On the disk of the cache, whose files they share. */
  projectsDir: string;
  /** Finished results that are not acknowledged. */
  outboxes: Outboxes;
  log: Logger;
  clock: Clock;
  random: Random;
}

/** Finds out what this machine can do, and opens what it needs. Tests override parts. */
export const createContext = async (
  config: Config,
  log: Logger,
  signal: AbortSignal,
  overrides: Partial<Context> = {},
): Promise<Context> => {
  const clock = overrides.clock ?? systemClock;
  const random = overrides.random ?? systemRandom;
  const { dir, limitBytes } = config.cache;
  // Scenes of customers, and results, are nobody else's on this machine.
  await makePrivate(dir);
  await makePrivate(config.outbox.dir);
  // Agents may share the cache, but nothing else on disk.
  const machine = machineOf(config.tokens[0] ?? '');
  // Opened first, because its lock keeps other agents out of this folder.
  const outboxes =
    overrides.outboxes ??
    openOutboxes({ dir: config.outbox.dir, limits: config.outbox, clock, random, log });
  const folder = join(dir, 'agents', machine);
  // An earlier run may have left unfinished work.
  await rm(folder, { recursive: true, force: true });
  const found =
    overrides.engines && overrides.capability
      ? { engines: overrides.engines, capability: overrides.capability }
      : await findEngines(config, { folder, clock, random, logger: log }, signal);
  return {
    projectsDir: join(folder, 'projects'),
    cache: await openSceneCache({ dir: join(dir, 'scenes'), limitBytes, clock, random }),
    log,
    outboxes,
    clock,
    random,
    ...found,
    ...overrides,
  };
};
