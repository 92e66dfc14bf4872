import { indicesBetween } from '#libs/indices/index.ts';
import { createGraph, type Gate } from '../../domain/graph/task-graph.ts';
import { faultOf } from '../faults.ts';
import type { Budgets, Kind } from '../kind.ts';

/** The specification of a simulation, with defaults filled in; see muster.common.v1.SimulationSpec. */
export interface SimulationSpec extends Budgets {
  kind: 'simulation';
  steps: readonly SimulationStep[];
  /** Empty: as in the case. */
  solver: string;
  /** Which meshes wait for approval; unset: none. */
  gate?: Gate;
  /** How many processes solve a case together. */
  parallel: number;
  /** At least one. */
  cases: readonly SimulationCase[];
  /** `OPENFOAM_COM`, `OPENFOAM_ORG`; empty: as the machines read in the case. */
  engine: string;
  /** Empty: any. */
  version: string;
  checkpointEveryMs: number;
  stepTimeoutMs: number;
  allowCode: boolean;
  /** 0: what the machine gives a task. */
  memoryBytes: number;
  diskBytes: number;
  maxFiles: number;
}

export interface SimulationStep {
  step: string;
  commands: readonly { program: string; arguments: readonly string[] }[];
}

export interface SimulationCase {
  name: string;
  settings: readonly { file: string; entry: string; value: string }[];
}

export const MESH = 'mesh';
export const SOLVE = 'solve';
export const COLLECT = 'collect';
/** The steps of each case, in their order. */
export const STEPS: readonly string[] = [MESH, SOLVE, COLLECT];

/** The cases of an OpenFOAM folder: each has a mesh, is solved, and what there is at its end is collected. */
export const simulation: Kind<SimulationSpec> = {
  graphOf: ({ cases, gate }) => {
    const indices = indicesBetween(0, cases.length - 1);
    return createGraph([
      { id: MESH, indices, after: [], isInner: true, ...(gate && { gate }) },
      { id: SOLVE, indices, after: [{ node: MESH, on: 'success' }], isInner: true },
      {
        id: COLLECT,
        indices,
        // Of a case that was not solved it collects the mesh and the last checkpoint.
        after: [
          { node: MESH, on: 'end' },
          { node: SOLVE, on: 'end' },
        ],
      },
    ]);
  },
  hasGates: ({ gate }) => gate !== undefined,
  makesCheckpoints: (_spec, node) => node === SOLVE,
  orderOf: () => 'sequential',
  chosenEngine: ({ engine }) => engine,
  engineNeeds: (spec, _file, { engine, version }) => ({
    family: 'openfoam',
    engine,
    minVersion: '',
    exactVersion: spec.version || version,
    device: false,
    deviceMemoryBytes: 0,
  }),
  // A solver that goes on with another version does not continue the same computation.
  keepsOneVersion: true,
  faultOf,
  // The case tells its distribution. Machines that lack it report that.
  engineLearnt: (failureClass, [named = '']) =>
    failureClass === 'ENGINE_UNAVAILABLE' && ENGINE.test(named) ? named : '',
  // A step takes its machine's memory, and goes on from checkpoints.
  mayCopy: () => false,
  resultExtensions: () => ['parts'],
  checkOf: () => ({ kind: 'none' }),
  knownDigest: () => undefined,
  tasksFailed: 'CASES_FAILED',
  rejected: 'MESH_REJECTED',
  machineWords: ({ version: wanted }, _file, { engine, version }) => {
    const what = engine === '' ? 'OpenFOAM' : (NAMES[engine] ?? engine);
    const exact = wanted || version;
    return exact === '' ? what : `${what} ${exact}`;
  },
};

const ENGINE = /^OPENFOAM_[A-Z]{1,16}$/;

const NAMES: Readonly<Record<string, string>> = {
  OPENFOAM_COM: 'OpenFOAM of openfoam.com (OPENFOAM_COM)',
  OPENFOAM_ORG: 'OpenFOAM of openfoam.org (OPENFOAM_ORG)',
};
