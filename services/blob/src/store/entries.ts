import type { AzureContainer } from './azure.ts';
import { asking, unlessMissing } from './azure-errors.ts';
import { provenSha256 } from './seal.ts';

/** What the storage knows of a blob without reading it. */
export interface StoredBlob {
  name: string;
  sizeBytes: number;
  /** 64 lower-case hexadecimal digits; undefined if it is not computed yet (the blob came by upload URL). */
  sha256: string | undefined;
  createTime: Date;
}

/** The same, of one blob. */
export interface BlobDetails extends StoredBlob {
  /** How long it has been stored, by the storage's own clock. */
  ageMs: number;
}

export const statBlob = async (
  container: AzureContainer,
  name: string,
  signal: AbortSignal,
): Promise<BlobDetails | undefined> => {
  const found = await unlessMissing(
    asking(signal, (abortSignal) =>
      container.client.getBlobClient(name).getProperties({ abortSignal }),
    ),
  );
  if (found === undefined) {
    return undefined;
  }
  const sizeBytes = found.contentLength ?? 0;
  const createTime = found.createdOn ?? found.lastModified ?? new Date(0);
  return {
    name,
    sizeBytes,
    sha256: provenSha256(container.secret, name, sizeBytes, found.metadata),
    createTime,
    ageMs: (found.date ?? createTime).getTime() - createTime.getTime(),
  };
};

export const deleteBlob = async (
  container: AzureContainer,
  name: string,
  signal: AbortSignal,
): Promise<void> => {
  await unlessMissing(
    asking(signal, (abortSignal) =>
      container.client.getBlobClient(name).delete({ abortSignal, deleteSnapshots: 'include' }),
    ),
  );
};
