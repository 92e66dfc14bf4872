import { signGrant, type Secret } from '#libs/auth/index.ts';
import type { Work } from '#libs/contracts/agent.ts';
import { renderSpecToProto, noopSpecToProto } from '../rpc/spec-proto.ts';
import type { WorkloadHeader } from '../domain/header.ts';

/** What an agent must know to work on a workload's tasks; the grant lets its machine fetch the scene. */
export const workFor = ({ spec, file }: WorkloadHeader, engine: string, meshSecret: Secret, machine: string): Work => {
  if (spec.kind === 'noop') return { kind: { $case: 'noop', value: noopSpecToProto(spec) } };
  if (file === undefined) throw new Error('a render has a file');
  const { blob, sha256, sizeBytes } = file;
  const grant = Buffer.from(signGrant(meshSecret, { blob, machine }));
  return {
    kind: {
      $case: 'render',
      value: { spec: renderSpecToProto({ ...spec, engine }), scene: { blobName: blob, sha256, sizeBytes, grant } },
    },
  };
};
