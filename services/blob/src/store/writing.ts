import { createHash, randomBytes } from 'node:crypto';
import type { BlockBlobClient } from '@azure/storage-blob';
import type { Secret } from '#libs/auth/index.ts';
import { unavailable } from '#libs/errors/index.ts';
import type { Measured } from '../domain/upload-rules.ts';
import type { AzureContainer } from './azure.ts';
import { dependency, isTaken } from './azure-errors.ts';
import { createBlock } from './block.ts';
import { statBlob } from './entries.ts';
import { sealedMetadata } from './seal.ts';

/** Azure takes 50,000 blocks a blob: 195 GiB. Two such buffers are all that an upload holds. */
const blockBytes = 4 * 1024 * 1024;
/** A block has four megabytes to travel, unlike the small requests. */
const blockWithinMs = 20_000;

/** What became of a write: the name took these bytes now, had the same ones already, or has others. */
export type Written = ({ outcome: 'stored' | 'same' } & Measured) | { outcome: 'other-bytes' };

export interface WriteOptions {
  signal: AbortSignal;
  /** Looks at the whole, once everything came and before anything can be seen; throws to leave nothing behind. */
  check: (measured: Measured) => void;
}

/**
 * Stores what flows in under `name`: blocks are staged as they fill up, each with its MD5 for the storage to check, and
 * become a blob only by the commit at the end. The commit is refused where a blob is already, so that of racing writers
 * one wins and the others compare. Blocks of a write that ended early are dropped by the storage after a week.
 */
export const writeBlob = async (
  container: AzureContainer,
  secret: Secret,
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  { signal, check }: WriteOptions,
): Promise<Written> => {
  const client = container.client.getBlockBlobClient(name);
  const { blockIds, measured } = await stageAll(container, client, chunks, signal);
  signal.throwIfAborted();
  check(measured);
  try {
    await container.writing(signal, (abortSignal) =>
      client.commitBlockList(blockIds, {
        abortSignal,
        conditions: { ifNoneMatch: '*' },
        metadata: sealedMetadata(secret, name, measured.sha256, measured.sizeBytes),
      }),
    );
    return { outcome: 'stored', ...measured };
  } catch (error) {
    if (!isTaken(error)) throw error;
  }
  // Taken also by ourselves: the answer to a first commit can be lost and the commit repeated.
  const there = await statBlob(container, secret, name, signal);
  if (there === undefined) throw unavailable(dependency, 'the blob vanished while it was stored; upload it again');
  const isSame = there.sha256 === measured.sha256 && there.sizeBytes === measured.sizeBytes;
  return isSame ? { outcome: 'same', ...measured } : { outcome: 'other-bytes' };
};

/** One block fills up while the one before travels. */
const stageAll = async (
  container: AzureContainer,
  client: BlockBlobClient,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<{ blockIds: string[]; measured: Measured }> => {
  const hasher = createHash('sha256');
  // Uploads that race for one name must not replace each other's blocks.
  const upload = randomBytes(12).toString('hex');
  const blockIds: string[] = [];
  let sizeBytes = 0;
  let filling = createBlock(blockBytes);
  let spare = createBlock(blockBytes);
  let travelling: Promise<unknown> = Promise.resolve();

  const send = async (): Promise<void> => {
    const body = filling.contents();
    const blockId = Buffer.from(`${upload}-${String(blockIds.length).padStart(6, '0')}`).toString('base64');
    blockIds.push(blockId);
    await travelling;
    travelling = container.writing(
      signal,
      (abortSignal) =>
        client.stageBlock(blockId, body, body.length, {
          abortSignal,
          transactionalContentMD5: createHash('md5').update(body).digest(),
        }),
      blockWithinMs,
    );
    // Awaited at the next block; a failure before that must not count as unhandled.
    travelling.catch(() => {});
    [filling, spare] = [spare, filling];
    filling.clear();
  };

  try {
    for await (const chunk of chunks) {
      hasher.update(chunk);
      sizeBytes += chunk.length;
      for (let at = 0; at < chunk.length;) {
        at += filling.append(chunk.subarray(at));
        if (filling.isFull) await send();
      }
    }
    if (filling.length > 0) await send();
  } finally {
    // Whatever ended the upload, nothing of it goes on in the background.
    await travelling.catch(() => {});
  }
  await travelling;
  return { blockIds, measured: { sha256: hasher.digest('hex'), sizeBytes } };
};
