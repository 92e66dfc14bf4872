import { signGrant, type Secret } from '#libs/auth/index.ts';
import type { Work } from '#libs/contracts/agent.ts';
import { renderSpecToProto, noopSpecToProto } from '../rpc/spec-proto.ts';
import { parseIndices } from '../domain/graph/index-expression.ts';
import { ordinalOf } from '../domain/graph/index-set.ts';
import type { WorkloadHeader } from '../domain/header.ts';

/** Whom the work is for. */
export interface WorkFor {
  machine: string;
  /** The tasks that it is to work on. */
  indices: readonly number[];
  /** The engine that the scene wants; empty: whatever is in the file. */
  engine: string;
}

/**
 * What agents must know to work on a workload's tasks; the grant lets a machine fetch the scene. Which tasks there are is not
 * among it: that may be long, and an agent is told of its own.
 */
export const workOf = ({ spec, file }: WorkloadHeader, meshSecret: Secret): ((of: WorkFor) => Work) => {
  if (spec.kind === 'noop') {
    const failing = spec.failingTasks === '' ? undefined : parseIndices(spec.failingTasks);
    const isFailing = (index: number): boolean => failing !== undefined && ordinalOf(failing, index) !== undefined;
    return ({ indices }) => {
      const failingTasks = indices.filter(isFailing).join(',');
      return { kind: { $case: 'noop', value: noopSpecToProto({ ...spec, failingTasks }) } };
    };
  }
  if (file === undefined) throw new Error('a render has a file');
  const { blob, sha256, sizeBytes } = file;
  return ({ machine, engine }) => {
    const grant = Buffer.from(signGrant(meshSecret, { blob, machine }));
    return {
      kind: {
        $case: 'render',
        value: {
          spec: renderSpecToProto({ ...spec, frames: '', engine }),
          scene: { blobName: blob, sha256, sizeBytes, grant },
        },
      },
    };
  };
};
