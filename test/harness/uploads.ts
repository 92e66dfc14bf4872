import { BlobServiceService, type UploadResponse } from '#libs/contracts/blob.ts';
import type { Attempt } from '#libs/contracts/common.ts';
import { createClient } from '#libs/grpc/index.ts';
import { customerFile, readAll, uploadOf } from '#libs/testing/index.ts';
import type { Clients } from './clients.ts';
import type { Mesh } from './mesh.ts';

/** Stores the result of an attempt with an agent's token. */
export const uploadResult = async (
  { endpoints }: Mesh,
  { token, workload, attempt }: { token: string; workload: string; attempt: Attempt },
  bytes: Uint8Array,
  extension = 'bin',
): Promise<UploadResponse> => {
  using blobs = createClient(BlobServiceService, { target: endpoints.blob, token });
  const file = { workloadId: workload, attempt, extension, part: 0 };
  const target = { $case: 'attemptResult', value: file } as const;
  return await blobs.upload(uploadOf({ target }, bytes));
};

/** Uploads a file. Returns the id of its object. */
export const uploadObject = async (
  { blobs, objects }: Clients,
  name: string,
  bytes: Uint8Array,
): Promise<string> => {
  const { blobName } = await blobs.upload(uploadOf(customerFile(), bytes));
  const { object } = await objects.createObject({
    blobName,
    fileName: name,
    customerId: '',
    requestId: '',
  });
  if (object === undefined) {
    throw new Error('a creation without an object');
  }
  return object.objectId;
};

/** A blob's bytes. */
export const download = async (
  { blobs }: Clients,
  { blobName, grant }: { blobName: string; grant: Buffer },
): Promise<Buffer> => {
  const { bytes } = await readAll(blobs.download({ blobName, grant, offset: 0, lengthBytes: 0 }));
  return bytes;
};
