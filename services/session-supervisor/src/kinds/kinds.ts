import type { Kind } from './kind.ts';
import type { WorkloadSpec } from './workload-spec.ts';
import { noop } from './noop/noop.ts';
import { render } from './render/render.ts';

const kinds: { readonly [K in WorkloadSpec['kind']]: Kind<Extract<WorkloadSpec, { kind: K }>> } = {
  noop,
  render,
};

/** The kind of a specification. Pass it no specification of another kind. */
export const kindOf = (spec: WorkloadSpec): Kind<WorkloadSpec> => kinds[spec.kind];
