import { signGrant, type Secret } from '#libs/auth/index.ts';
import type { InputResult as ProtoInput } from '#libs/contracts/agent.ts';
import type { InputResult } from '../domain/state/workload.ts';

/** Results for a machine that needs them, each with a grant to fetch it. */
export const inputsToProto = (
  meshSecret: Secret,
  machine: string,
  results: readonly InputResult[],
): ProtoInput[] =>
  results.map(({ task, blob, sha256, sizeBytes }) => ({
    task,
    blobName: blob,
    sha256,
    sizeBytes,
    grant: Buffer.from(signGrant(meshSecret, { blob, machine })),
  }));
