import {
  BlobServiceService,
  type UploadRequest,
  type UploadResponse,
} from '#libs/contracts/blob.ts';
import type { Attempt } from '#libs/contracts/common.ts';
import { createClient } from '#libs/grpc/index.ts';
import type { Clients } from './clients.ts';
import type { Mesh } from './mesh.ts';

const CHUNK_BYTES = 256 * 1024;

function* parts(header: UploadRequest['part'], bytes: Uint8Array): Generator<UploadRequest> {
  yield { part: header };
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
    yield {
      part: { $case: 'chunk', value: Buffer.from(bytes.subarray(from, from + CHUNK_BYTES)) },
    };
  }
}

/** Stores the result of an attempt with an agent's token. */
export const uploadResult = async (
  { endpoints }: Mesh,
  { token, workload, attempt }: { token: string; workload: string; attempt: Attempt },
  bytes: Uint8Array,
): Promise<UploadResponse> => {
  using blobs = createClient(BlobServiceService, { target: endpoints.blob, token });
  const file = { workloadId: workload, attempt, extension: 'bin' };
  const target = { $case: 'attemptResult', value: file } as const;
  return await blobs.upload(parts({ $case: 'header', value: { target, sha256: '' } }, bytes));
};

/** Uploads a file. Returns the id of its object. */
export const uploadObject = async (
  { blobs, objects }: Clients,
  name: string,
  bytes: Uint8Array,
): Promise<string> => {
  const target = { $case: 'customerFile', value: { customerId: '' } } as const;
  const { blobName } = await blobs.upload(
    parts({ $case: 'header', value: { target, sha256: '' } }, bytes),
  );
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
  const chunks: Buffer[] = [];
  for await (const { chunk } of blobs.download({ blobName, grant, offset: 0, lengthBytes: 0 })) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
