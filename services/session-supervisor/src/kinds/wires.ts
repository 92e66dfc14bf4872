import type { WorkloadSpec } from './kinds.ts';
import type { KindWire, SpecCase, SpecProto } from './kind-wire.ts';
import { noopWire } from './noop/wire.ts';
import { renderWire } from './render/wire.ts';
import { simulationWire } from './simulation/wire.ts';

type Wires = {
  readonly [C in SpecCase]: KindWire<
    Extract<SpecProto, { $case: C }>['value'],
    Extract<WorkloadSpec, { kind: C }>
  >;
};

const wires: Wires = { noop: noopWire, render: renderWire, simulation: simulationWire };

export const SPEC_CASES = Object.keys(wires) as readonly SpecCase[];

type AnyWire = KindWire<SpecProto['value'], WorkloadSpec>;

/** The wire half of a kind. Pass it no specification of another kind. */
export const wireOf = (kind: SpecCase): AnyWire => wires[kind];
