import { createHash } from 'node:crypto';
import type { AzureContainer } from './azure.ts';
import { statBlob, touchBlob, type BlobDetails } from './entries.ts';
import { readBlob } from './reading.ts';

/** Stores the hash of a blob that came by upload URL in its metadata, because it is computed only once. */
export const sealBlob = async (
  container: AzureContainer,
  name: string,
  signal: AbortSignal,
): Promise<BlobDetails | undefined> => {
  const there = await statBlob(container, name, signal);
  if (there === undefined || there.sha256 !== undefined) {
    return there;
  }
  const open = await readBlob(container, name, { offset: 0, count: undefined }, signal);
  if (open === undefined) {
    return undefined;
  }
  const hasher = createHash('sha256');
  for await (const chunk of open.chunks) {
    hasher.update(chunk);
  }
  const sha256 = hasher.digest('hex');
  const isThere = await touchBlob(container, { name, sha256, sizeBytes: there.sizeBytes }, signal);
  return isThere ? { ...there, sha256 } : undefined;
};
