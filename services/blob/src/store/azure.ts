import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { asking, isContainerMissing } from './azure-errors.ts';

/** The container in which all blobs are, made on first use. */
export interface AzureContainer {
  readonly client: ContainerClient;
  /** Makes the container where it is missing. */
  ready(): Promise<void>;
  /** Runs a request that stores something, making the container first where it is missing. */
  writing<T>(signal: AbortSignal, request: (signal: AbortSignal) => Promise<T>, withinMs?: number): Promise<T>;
}

export interface AzureOptions {
  /** Of any storage account, or of Azurite. */
  connectionString: string;
  /** 3 to 63 of `[a-z0-9-]`. */
  container: string;
}

/** Retries stay well within a caller's deadline; what takes longer is for the caller to retry. */
const retryOptions = { maxTries: 3, retryDelayInMs: 100, maxRetryDelayInMs: 500 };

export const openContainer = ({ connectionString, container }: AzureOptions): AzureContainer => {
  const client = BlobServiceClient.fromConnectionString(connectionString, { retryOptions }).getContainerClient(
    container,
  );
  let made: Promise<void> | undefined;
  const make = (): Promise<void> => {
    // Not with a caller's signal: others wait for the same request.
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
        if (!isContainerMissing(error)) throw error;
        made = undefined;
        await make();
        return asking(signal, request, withinMs);
      }
    },
  };
};
