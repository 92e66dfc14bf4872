import { createHash } from 'node:crypto';
import { waitingFor } from '#libs/async/index.ts';
import {
  BlobServiceService,
  ObjectServiceService,
  type CheckPictureRequest,
  type CheckPictureResponse,
  type ComparePicturesRequest,
  type GetObjectRequest,
  type GetObjectResponse,
  type GetPictureSizeRequest,
  type GetPictureSizeResponse,
  type BlobInfo,
} from '#libs/contracts/blob.ts';
import { isDomainError, status, unavailable } from '#libs/errors/index.ts';
import { createClient, type CallOptions, type ClientOptions } from '#libs/grpc/index.ts';
import { isManifest, parseBlobName } from '#libs/mesh/index.ts';

/** The calls of the blob service that this service needs. Every method rejects with typed errors. */
export interface BlobAccess {
  getObject(request: GetObjectRequest, signal: AbortSignal): Promise<GetObjectResponse>;
  /** The first bytes of a blob, at most `bytes`. */
  head(blobName: string, bytes: number, signal: AbortSignal): Promise<Uint8Array>;
  /** SHA-256 of a blob, 64 hexadecimal digits; undefined if there is no such blob. Reads the blob in pieces. */
  digest(blobName: string, signal: AbortSignal): Promise<string | undefined>;
  /** Has a result decoded; of any size if none is expected. Undefined if there is no such blob. */
  checkPicture(
    request: CheckPictureRequest,
    signal: AbortSignal,
  ): Promise<CheckPictureResponse | undefined>;
  /** The share of samples of two results that differ noticeably, 0 to 1. Undefined if there is no such blob. */
  differing(request: ComparePicturesRequest, signal: AbortSignal): Promise<number | undefined>;
  /** The size of the pictures of a scene; 0 by 0 if nobody can tell, or the object is gone. */
  pictureSize(request: GetPictureSizeRequest, signal: AbortSignal): Promise<GetPictureSizeResponse>;
  /** All blobs whose names begin with this prefix. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<BlobInfo>;
  remove(blobName: string, signal: AbortSignal): Promise<void>;
  /** Whether all parts of a result of many files, or of a checkpoint, are stored with their length. Others have none. */
  hasParts(blobName: string, signal: AbortSignal): Promise<boolean>;
  /** Removes other checkpoints of the workload than these, and parts that nothing names. Returns how many blobs. */
  keepParts(workload: string, checkpoints: readonly string[], signal: AbortSignal): Promise<number>;
  close(): void;
}

const DEPENDENCY = 'blob';
/** Shorter than the deadlines of callers, because they must be told in time which service did not answer. */
const DEADLINE_MS = 4_000;
/** No caller waits for these. A large picture waits for others and then takes up to two minutes; of parts there can be 100,000. */
const CHECK_MS = 600_000;

export const connectBlob = (options: ClientOptions): BlobAccess => {
  const blobs = createClient(BlobServiceService, options);
  const objects = createClient(ObjectServiceService, options);

  /** Reads a blob in pieces, at most `lengthBytes`; 0: all of it. */
  async function* download(blobName: string, lengthBytes: number, call: CallOptions) {
    const request = { blobName, offset: 0, lengthBytes, grant: Buffer.alloc(0) };
    try {
      for await (const { chunk } of blobs.download(request, call)) {
        yield chunk;
      }
    } catch (thrown) {
      // An empty blob has no first byte.
      if (!isDomainError(thrown) || thrown.reason !== 'RANGE_NOT_SATISFIABLE') {
        throw thrown;
      }
    }
  }

  return {
    getObject: (request, signal) =>
      naming(signal, () => objects.getObject(request, { signal, deadlineMs: DEADLINE_MS })),
    head: (blobName, bytes, signal) =>
      naming(signal, async () => {
        const call = { signal, deadlineMs: DEADLINE_MS };
        return Buffer.concat(await Array.fromAsync(download(blobName, bytes, call)));
      }),
    digest: (blobName, signal) =>
      naming(signal, async () => {
        const hash = createHash('sha256');
        for await (const chunk of download(blobName, 0, { signal })) {
          hash.update(chunk);
        }
        return hash.digest('hex');
      }).catch(unlessMissing),
    checkPicture: (request, signal) =>
      naming(signal, () => blobs.checkPicture(request, { signal, deadlineMs: CHECK_MS })).catch(
        unlessMissing,
      ),
    differing: async (request, signal) => {
      const found = await naming(signal, () =>
        blobs.comparePictures(request, { signal, deadlineMs: CHECK_MS }),
      ).catch(unlessMissing);
      return found?.differing;
    },
    pictureSize: async (request, signal) => {
      const size = await naming(signal, () =>
        blobs.getPictureSize(request, { signal, deadlineMs: CHECK_MS }),
      ).catch(unlessMissing);
      return size ?? { width: 0, height: 0 };
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
    hasParts: async (blobName, signal) => {
      const name = parseBlobName(blobName);
      if (name === undefined || !isManifest(name)) {
        return true;
      }
      const found = await naming(signal, () =>
        blobs.checkParts({ blobName }, { signal, deadlineMs: CHECK_MS }),
      ).catch(unlessMissing);
      return found?.missingParts === 0;
    },
    keepParts: async (workloadId, checkpoints, signal) => {
      const request = { workloadId, checkpoints: [...checkpoints] };
      return (await blobs.keepParts(request, { signal, deadlineMs: CHECK_MS })).removed;
    },
    close: () => {
      blobs.close();
      objects.close();
    },
  };
};

const unlessMissing = (thrown: unknown): undefined => {
  if (isDomainError(thrown) && thrown.code === status.NOT_FOUND) {
    return undefined;
  }
  throw thrown;
};

/** Names the blob service in errors that mean that it or its storage is away. Its other errors pass unchanged. */
const naming = async <T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> => {
  try {
    return await waitingFor(DEPENDENCY, run);
  } catch (thrown) {
    const isAway =
      isDomainError(thrown) &&
      (thrown.code === status.DEADLINE_EXCEEDED ||
        (thrown.code === status.UNAVAILABLE && thrown.metadata['dependency'] !== 'mongodb'));
    if (!isAway || signal.aborted) {
      throw thrown;
    }
    const message = 'the blob service does not answer; try again';
    throw unavailable(DEPENDENCY, message, { cause: thrown });
  }
};
