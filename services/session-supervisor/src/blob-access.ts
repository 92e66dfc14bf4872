import { createHash } from 'node:crypto';
import { waitingFor } from '#libs/async/index.ts';
import {
  BlobServiceService,
  ObjectServiceService,
  type GetObjectRequest,
  type GetObjectResponse,
  type BlobInfo,
} from '#libs/contracts/blob.ts';
import { isDomainError, status, unavailable } from '#libs/errors/index.ts';
import { createClient, type ClientOptions } from '#libs/grpc/index.ts';

/** The calls of the blob service that this service needs. Every method rejects with typed errors. */
export interface BlobAccess {
  getObject(request: GetObjectRequest, signal: AbortSignal): Promise<GetObjectResponse>;
  /** The first bytes of a blob, at most `bytes`. */
  head(blobName: string, bytes: number, signal: AbortSignal): Promise<Uint8Array>;
  /** SHA-256 of a blob, 64 hexadecimal digits; undefined if there is no such blob. Reads the blob in pieces. */
  digest(blobName: string, signal: AbortSignal): Promise<string | undefined>;
  /** All blobs whose names begin with this prefix. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<BlobInfo>;
  remove(blobName: string, signal: AbortSignal): Promise<void>;
  close(): void;
}

const DEPENDENCY = 'blob';
/** Shorter than the deadlines of callers, because they must be told in time which service did not answer. */
const DEADLINE_MS = 4_000;
const NO_GRANT = Buffer.alloc(0);

export const connectBlob = (options: ClientOptions): BlobAccess => {
  const blobs = createClient(BlobServiceService, options);
  const objects = createClient(ObjectServiceService, options);
  return {
    getObject: (request, signal) =>
      waitingFor(DEPENDENCY, () =>
        objects.getObject(request, { signal, deadlineMs: DEADLINE_MS }),
      ).catch((thrown: unknown) => {
        throw named(thrown, signal);
      }),
    head: async (blobName, lengthBytes, signal) => {
      const request = { blobName, offset: 0, lengthBytes, grant: NO_GRANT };
      const chunks: Uint8Array[] = [];
      try {
        await waitingFor(DEPENDENCY, async () => {
          const answer = blobs.download(request, { signal, deadlineMs: DEADLINE_MS });
          for await (const { chunk } of answer) {
            chunks.push(chunk);
          }
        });
      } catch (thrown) {
        // An empty blob has no first byte.
        if (!isDomainError(thrown) || thrown.reason !== 'RANGE_NOT_SATISFIABLE') {
          throw named(thrown, signal);
        }
      }
      return Buffer.concat(chunks);
    },
    digest: async (blobName, signal) => {
      const request = { blobName, offset: 0, lengthBytes: 0, grant: NO_GRANT };
      const hash = createHash('sha256');
      try {
        await waitingFor(DEPENDENCY, async () => {
          for await (const { chunk } of blobs.download(request, { signal })) {
            hash.update(chunk);
          }
        });
      } catch (thrown) {
        if (isDomainError(thrown) && thrown.code === status.NOT_FOUND) {
          return undefined;
        }
        // An empty blob has no first byte.
        if (!isDomainError(thrown) || thrown.reason !== 'RANGE_NOT_SATISFIABLE') {
          throw named(thrown, signal);
        }
      }
      return hash.digest('hex');
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

/** Names the blob service in errors that mean that it or its storage is away. Its other errors pass unchanged. */
const named = (thrown: unknown, signal: AbortSignal): unknown => {
  if (!isDomainError(thrown) || signal.aborted) {
    return thrown;
  }
  const isAway = thrown.code === status.UNAVAILABLE && thrown.metadata['dependency'] !== 'mongodb';
  if (!isAway && thrown.code !== status.DEADLINE_EXCEEDED) {
    return thrown;
  }
  return unavailable(DEPENDENCY, 'the blob service does not answer; try again', { cause: thrown });
};
