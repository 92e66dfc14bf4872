import { BlobServiceClient } from '@azure/storage-blob';
import type { Secret } from '#libs/auth/index.ts';
import { asking, isContainerMissing } from './azure-errors.ts';

/** The container of all blobs, made on first use. */
export type AzureContainer = ReturnType<typeof openContainer>;

export interface AzureOptions {
  /** Of any storage account, or of Azurite. */
  connectionString: string;
  /** 3 to 63 of `[a-z0-9-]`. */
  container: string;
  /** The secret that seals the hash of a blob. */
  meshSecret: Secret;
  /** As in the context. */
  toNow: (said: Date) => number;
}

/** Retries stay well within a caller's deadline; after that the caller has to retry. */
const RETRY_OPTIONS = { maxTries: 3, retryDelayInMs: 100, maxRetryDelayInMs: 500 };

export const openContainer = ({ connectionString, container, meshSecret, toNow }: AzureOptions) => {
  const client = BlobServiceClient.fromConnectionString(connectionString, {
    retryOptions: RETRY_OPTIONS,
  }).getContainerClient(container);
  let made: Promise<void> | undefined;
  /** Makes the container if it is missing. */
  const ready = (): Promise<void> => {
    // Without a caller's signal, because other callers wait for the same request.
    made ??= asking(new AbortController().signal, async (abortSignal) => {
      await client.createIfNotExists({ abortSignal });
    }).catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  return {
    client,
    secret: meshSecret,
    toNow,
    ready,
    /** Runs a request that stores something. It makes a missing container first. */
    async writing<T>(
      signal: AbortSignal,
      request: (signal: AbortSignal) => Promise<T>,
      withinMs?: number,
    ): Promise<T> {
      await ready();
      try {
        return await asking(signal, request, withinMs);
      } catch (error) {
        if (!isContainerMissing(error)) {
          throw error;
        }
        made = undefined;
        await ready();
        return asking(signal, request, withinMs);
      }
    },
  };
};
