import type { z } from 'zod';
import type { Work } from '#libs/contracts/agent.ts';
import { blender } from './blender/blender.ts';
import type { RenderJob } from './blender/job.ts';
import type { Engine } from './engine.ts';
import type { Family } from './family.ts';
import { noop, type NoopJob } from './noop/noop.ts';
import type { SimulationJob } from './openfoam/job.ts';
import { openfoam } from './openfoam/openfoam.ts';

type Kinds = NonNullable<Work['kind']>;

/** The kinds of work that the mesh may want, as agent_service.proto names them. */
export type WorkKind = Kinds['$case'];

/** How the mesh states each of them. */
type Values = { [K in WorkKind]: Extract<Kinds, { $case: K }>['value'] };
export type WorkOf<K extends WorkKind> = { [P in K]: { $case: P; value: Values[P] } }[K];

/** What the engines make of each kind of work. */
interface Jobs {
  render: RenderJob;
  noop: NoopJob;
  simulation: SimulationJob;
}

/** The environment variables of all families. */
export const engineVariables = {
  ...blender.variables,
  ...noop.variables,
  ...openfoam.variables,
};
export type EngineSettings = z.infer<z.ZodObject<typeof engineVariables>>;

/**
 * The family of engines for each kind of work. A new one needs its kind in agent_service.proto, its engines in
 * libs/engines, a folder beside this file, and a line in each of the three tables of this file.
 */
export const families: { readonly [K in WorkKind]: Family<Values[K], Jobs[K], EngineSettings> } = {
  render: blender,
  noop,
  simulation: openfoam,
};

export const workKinds = Object.keys(families) as WorkKind[];

/** The names of all engines. */
export const engineNames: readonly string[] = workKinds.flatMap((kind) => families[kind].engines);

/** The engines that work on this machine. */
export type Engines = { [K in WorkKind]?: Engine<Jobs[K]> };
