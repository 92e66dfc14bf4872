import { createHash, type Hash } from 'node:crypto';
import { uploadNotKept } from '../domain/errors.ts';
import type { AzureContainer } from './azure.ts';
import { asking, isTaken, unlessMissing } from './azure-errors.ts';
import { BLOCK_BYTES } from './block.ts';
import { deleteBlob } from './entries.ts';
import { readBlob } from './reading.ts';
import { provenSha256 } from './seal.ts';

/** Full blocks that one upload staged, one after the other. */
export interface Run {
  prefix: string;
  count: number;
}

export type Earlier = readonly Run[];

/** Where a write begins: the blocks that are there, and the hash of their bytes. */
export interface Start {
  blockIds: string[];
  sizeBytes: number;
  hasher: Hash;
  conditions: { ifNoneMatch: string } | { ifMatch: string };
}

/** All ids of a blob's blocks have one length, as Azure demands. */
export const blockIdOf = (prefix: string, index: number): string =>
  Buffer.from(`${prefix}-${String(index).padStart(6, '0')}`).toString('base64');

export const bytesOf = (runs: Earlier): number =>
  runs.reduce((sum, { count }) => sum + count, 0) * BLOCK_BYTES;

const idsOf = (runs: Earlier): string[] =>
  runs
    .flatMap(({ prefix, count }) => Array.from({ length: count }, () => prefix))
    .map((prefix, index) => blockIdOf(prefix, index));

export const fresh = (): Start => ({
  blockIds: [],
  sizeBytes: 0,
  hasher: createHash('sha256'),
  conditions: { ifNoneMatch: '*' },
});

const look = async (container: AzureContainer, name: string, signal: AbortSignal) => {
  const found = await unlessMissing(
    asking(signal, (abortSignal) =>
      container.client.getBlobClient(name).getProperties({ abortSignal }),
    ),
  );
  return (
    found && {
      etag: found.etag ?? '',
      isWhole:
        provenSha256(container.secret, name, found.contentLength ?? 0, found.metadata) !==
        undefined,
    }
  );
};

/**
 * Commits the staged blocks without a seal and hashes them, because blocks cannot be read before a commit. Nobody was told their
 * name. Throws UPLOAD_NOT_KEPT if they are not there any more.
 */
export const goOn = async (
  container: AzureContainer,
  name: string,
  earlier: Earlier,
  signal: AbortSignal,
): Promise<Start> => {
  const there = await look(container, name, signal);
  if (there?.isWhole === true) {
    throw uploadNotKept();
  }
  const blockIds = idsOf(earlier);
  const conditions = there === undefined ? { ifNoneMatch: '*' } : { ifMatch: there.etag };
  let etag: string;
  try {
    const committed = await container.writing(signal, (abortSignal) =>
      container.client
        .getBlockBlobClient(name)
        .commitBlockList(blockIds, { abortSignal, conditions }),
    );
    etag = committed.etag ?? '';
  } catch (error) {
    throw isTaken(error) ? uploadNotKept(error) : error;
  }
  const open = await readBlob(container, name, { offset: 0, count: undefined }, signal);
  if (open?.totalBytes !== bytesOf(earlier)) {
    throw uploadNotKept();
  }
  const hasher = createHash('sha256');
  for await (const chunk of open.chunks) {
    hasher.update(chunk);
  }
  return { blockIds, sizeBytes: open.totalBytes, hasher, conditions: { ifMatch: etag } };
};

/** Removes what is staged under a name, unless it became a whole blob. */
export const discardStaged = async (
  container: AzureContainer,
  name: string,
  signal: AbortSignal,
): Promise<void> => {
  const there = await look(container, name, signal);
  if (there?.isWhole === true) {
    return;
  }
  if (there === undefined) {
    // Azure deletes only what was committed, and a commit drops the blocks that it does not name.
    const conditions = { ifNoneMatch: '*' };
    await container.writing(signal, (abortSignal) =>
      container.client.getBlockBlobClient(name).commitBlockList([], { abortSignal, conditions }),
    );
  }
  await deleteBlob(container, name, signal);
};
