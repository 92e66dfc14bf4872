import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { waitingFor } from '#libs/async/index.ts';
import {
  BlobServiceService,
  ObjectServiceService,
  type Object as BlobObject,
} from '#libs/contracts/blob.ts';
import { unavailable } from '#libs/errors/index.ts';
import { createClient, type ClientOptions } from '#libs/grpc/index.ts';

const DEADLINE_MS = 4_000;

/** Connects to the rpcs of blob that this service needs. Every method rejects with typed errors. */
export const connectBlob = (options: ClientOptions) => {
  const blobs = createClient(BlobServiceService, options);
  const objects = createClient(ObjectServiceService, options);
  return {
    getObject: async (objectId: string, signal: AbortSignal): Promise<BlobObject | undefined> => {
      const { object } = await waitingFor('blob', () =>
        objects.getObject({ objectId }, { signal, deadlineMs: DEADLINE_MS }),
      );
      return object;
    },
    /**
     * Writes a whole blob to a new file. Rejects with UNAVAILABLE if the bytes that arrive are not those that were
     * stored.
     */
    fetch: async (
      { blobName, sha256 }: BlobObject,
      file: string,
      signal: AbortSignal,
    ): Promise<void> => {
      const hash = createHash('sha256');
      await using handle = await open(file, 'wx', 0o600);
      await waitingFor('blob', async () => {
        const request = { blobName, offset: 0, lengthBytes: 0, grant: Buffer.alloc(0) };
        for await (const { chunk } of blobs.download(request, { signal })) {
          hash.update(chunk);
          await handle.writeFile(chunk);
        }
      });
      if (hash.digest('hex') !== sha256) {
        throw unavailable('blob', 'the archive did not arrive whole; try again');
      }
    },
    close: (): void => {
      blobs.close();
      objects.close();
    },
  };
};

export type BlobAccess = ReturnType<typeof connectBlob>;
