import type { AzureContainer } from './azure.ts';
import type { Measured } from '../domain/upload-rules.ts';
import { asking, isTaken, unlessMissing } from './azure-errors.ts';
import { provenSha256, sealedMetadata } from './seal.ts';

/** What the storage knows of a blob without reading it. */
export interface StoredBlob {
  name: string;
  sizeBytes: number;
  /** 64 lower-case hexadecimal digits; undefined if it is not computed yet (the blob came by upload URL). */
  sha256: string | undefined;
  createTime: Date;
  /** How long nothing was written to it, and nobody refreshed it, by the storage's own clock. */
  untouchedMs: number;
  /** Changes with each write and refreshment. */
  version: string;
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
    untouchedMs: untouchedMs(container, found),
    version: found.etag ?? '',
  };
};

/** Of an answer of the storage and what it says of a blob. */
export const untouchedMs = (
  { toNow }: AzureContainer,
  { date, lastModified }: { date?: Date; lastModified?: Date },
): number => (date === undefined || lastModified === undefined ? 0 : toNow(date) - +lastModified);

/** Succeeds even if there is none. False: it has another version than the given one, and stays. */
export const deleteBlob = async (
  container: AzureContainer,
  name: string,
  signal: AbortSignal,
  version?: string,
): Promise<boolean> => {
  const conditions = version === undefined ? {} : { ifMatch: version };
  try {
    await unlessMissing(
      asking(signal, (abortSignal) =>
        container.client
          .getBlobClient(name)
          .delete({ abortSignal, deleteSnapshots: 'include', conditions }),
      ),
    );
    return true;
  } catch (error) {
    if (isTaken(error)) {
      return false;
    }
    throw error;
  }
};

/** Makes a blob's version and its time new. Its bytes stay. False: there is none. */
export const touchBlob = async (
  container: AzureContainer,
  { name, sha256, sizeBytes }: { name: string } & Measured,
  signal: AbortSignal,
): Promise<boolean> => {
  const touched = await unlessMissing(
    asking(signal, (abortSignal) =>
      container.client
        .getBlobClient(name)
        .setMetadata(sealedMetadata(container.secret, name, sha256, sizeBytes), { abortSignal }),
    ),
  );
  return touched !== undefined;
};
