import type { Kind } from './kind.ts';
import { noop, type NoopSpec } from './noop/noop.ts';
import { render, type RenderSpec } from './render/render.ts';
import { simulation, type SimulationSpec } from './simulation/simulation.ts';

/** What a workload is to do, with defaults filled in: the specification of one of the kinds. */
export type WorkloadSpec = RenderSpec | NoopSpec | SimulationSpec;

const kinds: { readonly [K in WorkloadSpec['kind']]: Kind<Extract<WorkloadSpec, { kind: K }>> } = {
  noop,
  render,
  simulation,
};

/** The kind of a specification. Pass it no specification of another kind. */
export const kindOf = (spec: WorkloadSpec): Kind<WorkloadSpec> => kinds[spec.kind];
