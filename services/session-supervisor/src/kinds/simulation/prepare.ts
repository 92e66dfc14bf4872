import { DomainError, status } from '#libs/errors/index.ts';
import { objectOf } from '../object-of.ts';
import type { PrepareDeps } from '../kind-wire.ts';
import type { InputFile } from '../kind.ts';
import type { SimulationSpec } from './simulation.ts';

/** How a file begins that zstd packed. */
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** Looks whether the object can be the folder of a case. What is in it, machines read. */
export const prepareSimulation = async (
  { blob }: PrepareDeps,
  spec: SimulationSpec,
  customer: string,
  objectId: string,
  signal: AbortSignal,
): Promise<{ spec: SimulationSpec; file: InputFile }> => {
  const object = await objectOf(blob, customer, objectId, signal);
  const head = await blob.head(object.blobName, ZSTD.length, signal);
  if (!ZSTD.equals(head)) {
    throw new DomainError(
      status.INVALID_ARGUMENT,
      'NOT_A_CASE_FOLDER',
      `object ${objectId} is no folder packed with tar and zstd; muster simulate packs one`,
      { object: objectId },
    );
  }
  const { fileName, blobName, sha256, sizeBytes } = object;
  return {
    spec,
    file: { objectId, fileName, blob: blobName, sha256, sizeBytes, blenderVersion: '' },
  };
};
