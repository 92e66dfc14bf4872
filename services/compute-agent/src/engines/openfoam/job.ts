import type { SimulationWork } from '#libs/contracts/agent.ts';
import type { SimulationSpec, SimulationStep } from '#libs/contracts/common.ts';
import { durationFromProto } from '#libs/mesh/index.ts';
import { failed, type Failed, misunderstood } from '../engine.ts';
import type { Understood } from '../family.ts';

export const OPENFOAM_ENGINES = ['OPENFOAM_COM', 'OPENFOAM_ORG'] as const;
type OpenfoamEngine = (typeof OPENFOAM_ENGINES)[number];

/** The steps of a case; the tasks are `mesh/<case>`, `solve/<case>` and `collect/<case>`. */
export const STEPS = ['mesh', 'solve', 'collect'] as const;
export type StepName = (typeof STEPS)[number];

/** An entry of a dictionary that a case sets. */
export interface Setting {
  file: string;
  entry: string;
  value: string;
}

/** An OpenFOAM case to compute, and how. Fields that are left out follow from the case. */
export interface SimulationJob {
  /** The folder of the case, packed. */
  archive: string;
  engine?: OpenfoamEngine;
  version?: string;
  solver?: string;
  /** How many processes solve it together. */
  ranks: number;
  /** The programs of steps. */
  steps: Readonly<Partial<Record<StepName, readonly (readonly [string, ...string[]])[]>>>;
  /** What each case sets, by its index. */
  settings: ReadonlyMap<number, readonly Setting[]>;
  /** Whether its owner wants code in it to be compiled and run. */
  wantsCode: boolean;
  checkpointEveryMs: number;
  stepTimeoutMs: number;
  /** Undefined: what the machine gives a task. */
  memoryBytes: number | undefined;
  diskBytes: number | undefined;
  maxFiles: number;
}

const CHECKPOINT_EVERY_MS = 5 * 60_000;
const STEP_TIMEOUT_MS = 24 * 3_600_000;
const MAX_FILES = 100_000;

/** A program of the installation: no path, and nothing that a shell or an option could be. */
const PROGRAM = /^[A-Za-z][\w.+-]{0,127}$/;

const isEngine = (name: string): name is OpenfoamEngine =>
  (OPENFOAM_ENGINES as readonly string[]).includes(name);
const isStep = (name: string): name is StepName => (STEPS as readonly string[]).includes(name);

/** The programs of each step; undefined if one is none. */
const stepsOf = (given: readonly SimulationStep[]): SimulationJob['steps'] | undefined => {
  const steps: Partial<Record<StepName, readonly (readonly [string, ...string[]])[]>> = {};
  for (const { step, commands } of given) {
    if (!isStep(step) || !commands.every(({ program }) => PROGRAM.test(program))) {
      return undefined;
    }
    steps[step] = commands.map(({ program, arguments: args }) => [program, ...args] as const);
  }
  return steps;
};

const settingsOf = ({ cases }: SimulationSpec, indices: readonly number[]) =>
  new Map(cases.map(({ settings }, i) => [indices[i] ?? i, settings] as const));

const unset = <T>(value: T, none: T): T | undefined => (value === none ? undefined : value);

/** Reads the mesh's description of a case to compute. */
export const simulationJobOf = ({
  spec,
  caseIndices,
  folder,
  version,
}: SimulationWork): Understood<SimulationJob> | Failed => {
  if (spec === undefined || folder === undefined) {
    return misunderstood('a simulation without a case');
  }
  const { engine } = spec;
  if (engine !== '' && !isEngine(engine)) {
    const reason = `this agent does not know the engine ${engine}`;
    return failed('ENGINE_UNAVAILABLE', reason, { names: [engine] });
  }
  const steps = stepsOf(spec.steps);
  if (steps === undefined) {
    return misunderstood('the steps of the case');
  }
  if (spec.solver !== '' && !PROGRAM.test(spec.solver)) {
    return misunderstood('the solver');
  }
  const wantedVersion = version === '' ? spec.version : version;
  return {
    kind: 'understood',
    engine: engine === '' ? 'OpenFOAM' : engine,
    input: { kind: 'file', scene: folder },
    job: (input) => ({
      archive: input?.file ?? '',
      ...(engine === '' ? {} : { engine }),
      ...(wantedVersion === '' ? {} : { version: wantedVersion }),
      ...(spec.solver === '' ? {} : { solver: spec.solver }),
      ranks: Math.max(1, spec.parallel),
      steps,
      settings: settingsOf(spec, caseIndices),
      wantsCode: spec.allowCode,
      checkpointEveryMs: durationFromProto(spec.checkpointEvery) ?? CHECKPOINT_EVERY_MS,
      stepTimeoutMs: durationFromProto(spec.stepTimeout) ?? STEP_TIMEOUT_MS,
      memoryBytes: unset(spec.memoryBytes, 0),
      diskBytes: unset(spec.diskBytes, 0),
      maxFiles: unset(spec.maxFiles, 0) ?? MAX_FILES,
    }),
  };
};
