import { signGrant, type Secret } from '#libs/auth/index.ts';
import type { InputResult as ProtoInput, ResumePoint } from '#libs/contracts/agent.ts';
import { checkpointOf, type InputResult, type WorkloadState } from '../domain/state/workload.ts';

/** Results for a machine that needs them, each with a grant to fetch it. */
export const inputsToProto = (
  meshSecret: Secret,
  machine: string,
  results: readonly Omit<InputResult, 'generation'>[],
): ProtoInput[] =>
  results.map(({ task, blob, sha256, sizeBytes }) => ({
    task,
    blobName: blob,
    sha256,
    sizeBytes,
    grant: Buffer.from(signGrant(meshSecret, { blob, machine })),
  }));

/** Where attempts of a machine go on, each with a grant to fetch its checkpoint. */
export const resumesToProto = (
  meshSecret: Secret,
  machine: string,
  state: WorkloadState,
  held: ReadonlyMap<string, { ordinal: number; generation: number }>,
): ResumePoint[] =>
  [...held].flatMap(([attempt, { ordinal, generation }]) => {
    const point = checkpointOf(state, ordinal);
    if (point === undefined || point.generation !== generation) {
      return [];
    }
    const { attempt: madeBy, position, name, ...file } = point;
    const [checkpoint] = inputsToProto(meshSecret, machine, [file]);
    return [{ attempt, checkpoint, madeBy, position, name }];
  });
