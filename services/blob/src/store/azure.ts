import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { asking, isContainerMissing } from './azure-errors.ts';

/** The container of all blobs, made on first use. */
export interface AzureContainer {
  readonly client: ContainerClient;
  /** Makes the container if it is missing. */
  ready(): Promise<void>;
  /** Runs a request that stores something. It makes a missing container first. */
  writing<T>(
    signal: AbortSignal,
    request: (signal: AbortSignal) => Promise<T>,
    withinMs?: number,
  ): Promise<T>;
}

export interface AzureOptions {
  /** Of any storage account, or of Azurite. */
  connectionString: string;
  /** 3 to 63 of `[a-z0-9-]`. */
  container: string;
}

/** Retries stay well within a caller's deadline; after that the caller has to retry. */
const RETRY_OPTIONS = { maxTries: 3, retryDelayInMs: 100, maxRetryDelayInMs: 500 };

export const openContainer = ({ connectionString, container }: AzureOptions): AzureContainer => {
  const client = BlobServiceClient.fromConnectionString(connectionString, {
    retryOptions: RETRY_OPTIONS,
  }).getContainerClient(container);
  let made: Promise<void> | undefined;
  const make = (): Promise<void> => {
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
    ready: make,
    async writing(signal, request, withinMs) {
      await make();
      try {
        return await asking(signal, request, withinMs);
      } catch (error) {
        if (!isContainerMissing(error)) {
          throw error;
        }
        made = undefined;
        await make();
        return asking(signal, request, withinMs);
      }
    },
  };
};
