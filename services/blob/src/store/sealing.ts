import { createHash } from 'node:crypto';
import type { Secret } from '#libs/auth/index.ts';
import type { AzureContainer } from './azure.ts';
import { asking, isMissing } from './azure-errors.ts';
import { statBlob, type BlobDetails } from './entries.ts';
import { readBlob } from './reading.ts';
import { sealedMetadata } from './seal.ts';

/** Stores the hash of a blob that came by upload URL in its metadata, because it is computed only once. */
export const sealBlob = async (
  container: AzureContainer,
  secret: Secret,
  name: string,
  signal: AbortSignal,
): Promise<BlobDetails | undefined> => {
  const there = await statBlob(container, secret, name, signal);
  if (there === undefined || there.sha256 !== undefined) {
    return there;
  }
  const open = await readBlob(container, secret, name, { offset: 0, count: undefined }, signal);
  if (open === undefined) {
    return undefined;
  }
  const hasher = createHash('sha256');
  for await (const chunk of open.chunks) {
    hasher.update(chunk);
  }
  const sha256 = hasher.digest('hex');
  try {
    await asking(signal, (abortSignal) =>
      container.client
        .getBlobClient(name)
        .setMetadata(sealedMetadata(secret, name, sha256, there.sizeBytes), { abortSignal }),
    );
  } catch (error) {
    if (isMissing(error)) {
      return undefined;
    }
    throw error;
  }
  return { ...there, sha256 };
};
