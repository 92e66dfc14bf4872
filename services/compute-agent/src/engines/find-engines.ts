import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Capability } from '#libs/contracts/agent.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { machineMemory } from '#libs/programs/index.ts';
import type { Config } from '../config.ts';
import { findSandbox } from '#libs/sandbox/index.ts';
import { type Engines, families, type WorkKind, workKinds } from './families.ts';
import type { Surroundings } from './family.ts';

/** What this process can do, for itself and for the mesh. */
export type EnginesHere = Awaited<ReturnType<typeof findEngines>>;

/** Which engines of a family are wanted; undefined if none are. */
const wantedOf = (
  kind: WorkKind,
  choice: Config['engines'],
): 'auto' | readonly string[] | undefined => {
  const { engines, isAuto } = families[kind];
  if (choice === 'auto') {
    return isAuto ? 'auto' : undefined;
  }
  const named = engines.filter((engine) => choice.includes(engine));
  return named.length === 0 ? undefined : named;
};

/**
 * Finds out which of the wanted engines work here. Throws FAILED_PRECONDITION `NO_ENGINE` if none does, and
 * `SANDBOX_MISSING` if their programs cannot be confined.
 */
export const findEngines = async (
  config: Config,
  own: Pick<Surroundings, 'folder' | 'clock' | 'random' | 'logger'>,
  signal: AbortSignal,
) => {
  const wanted = workKinds.flatMap((kind) => {
    const names = wantedOf(kind, config.engines);
    return names === undefined ? [] : [{ kind, names }];
  });
  const isConfined = wanted.some(({ kind }) => families[kind].isConfined);
  const sandbox = isConfined ? await findSandbox(config) : ({ kind: 'none' } as const);
  if (sandbox.kind === 'bubblewrap' && !sandbox.isFiltered) {
    own.logger.warn(
      'system calls are not filtered: this kernel or processor takes no seccomp filter of ours',
    );
  }
  const machine = {
    cpus: availableParallelism(),
    memoryBytes: Math.min(machineMemory(), config.memoryBytes ?? Infinity),
  };
  const slots = config.slots * config.tokens.length;
  const around = {
    ...own,
    ...machine,
    settings: config.settings,
    sandbox,
    findingsDir: join(config.cache.dir, 'engines'),
    searchPath: config.searchPath,
    slots,
  };
  const engines: Engines = {};
  const offers: Capability['engines'] = [];
  const missing: string[] = [];
  for (const { kind, names } of wanted) {
    const detected = await families[kind].detect(names, around, signal);
    if (detected.kind === 'missing') {
      missing.push(detected.why);
      continue;
    }
    Object.assign(engines, { [kind]: detected.engine });
    offers.push(...detected.offers);
  }
  if (offers.length === 0) {
    throw new DomainError(status.FAILED_PRECONDITION, 'NO_ENGINE', missing.join('; '));
  }
  const capability: Capability = {
    cpus: machine.cpus,
    memoryBytes: Math.floor(machine.memoryBytes / slots),
    engines: offers,
    sandbox: sandbox.kind === 'none' ? 'SANDBOX_LEVEL_NONE' : 'SANDBOX_LEVEL_BUBBLEWRAP',
  };
  return { engines, capability };
};
