import {
  BlobServiceService,
  ObjectServiceService,
  type GetObjectRequest,
  type GetObjectResponse,
  type BlobInfo,
} from '#libs/contracts/blob.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { createClient, type ClientOptions } from '#libs/grpc/index.ts';

/** What this service needs of blob. Every method rejects with typed errors. */
export interface BlobAccess {
  getObject(request: GetObjectRequest, signal: AbortSignal): Promise<GetObjectResponse>;
  /** The first bytes of a blob, at most `bytes`. */
  head(blobName: string, bytes: number, signal: AbortSignal): Promise<Uint8Array>;
  /** All blobs whose names begin so. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<BlobInfo>;
  remove(blobName: string, signal: AbortSignal): Promise<void>;
  close(): void;
}

const DEADLINE_MS = 10_000;
const NO_GRANT = Buffer.alloc(0);

export const connectBlob = (options: ClientOptions): BlobAccess => {
  const blobs = createClient(BlobServiceService, options);
  const objects = createClient(ObjectServiceService, options);
  return {
    getObject: (request, signal) => objects.getObject(request, { signal }),
    head: async (blobName, lengthBytes, signal) => {
      const request = { blobName, offset: 0, lengthBytes, grant: NO_GRANT };
      const chunks: Uint8Array[] = [];
      try {
        for await (const { chunk } of blobs.download(request, { signal, deadlineMs: DEADLINE_MS })) chunks.push(chunk);
      } catch (thrown) {
        // An empty blob has no first byte.
        if (!isDomainError(thrown) || thrown.reason !== 'RANGE_NOT_SATISFIABLE') throw thrown;
      }
      return Buffer.concat(chunks);
    },
    list: async function* (prefix, signal) {
      let pageToken = '';
      do {
        const page = await blobs.listBlobs({ prefix, pageSize: 1_000, pageToken }, { signal });
        yield* page.blobs;
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
    },
    remove: async (blobName, signal) => {
      await blobs.deleteBlob({ blobName }, { signal });
    },
    close: () => {
      blobs.close();
      objects.close();
    },
  };
};
