import { createHash, randomBytes } from 'node:crypto';
import type { BlockBlobClient } from '@azure/storage-blob';
import type { Measured } from '../domain/upload-rules.ts';
import type { AzureContainer } from './azure.ts';
import { isTaken, vanished } from './azure-errors.ts';
import { BLOCK_BYTES, createBlock } from './block.ts';
import { statBlob } from './entries.ts';
import { blockIdOf, fresh, goOn, type Earlier, type Run, type Start } from './staged.ts';
import { sealedMetadata } from './seal.ts';

/** A block carries four megabytes, unlike the small requests. */
const BLOCK_WITHIN_MS = 20_000;

/** The outcome of a write: the name has these bytes now, had the same ones before, or has other ones. */
type Written = ({ outcome: 'stored' | 'same' } & Measured) | { outcome: 'other-bytes' };

export interface WriteOptions {
  signal: AbortSignal;
  /** Checks the whole after the last byte and before it becomes visible. If it throws, nothing is stored. */
  check: (measured: Measured) => void;
  /** What an earlier upload staged under this name. */
  earlier?: Earlier | undefined;
  /** Told when a full block is stored; the blocks before it are, too. Never rejects. */
  onStaged?: ((staged: Run) => Promise<void>) | undefined;
}

/**
 * Stages each full block with an MD5 that the storage checks; only the commit at the end makes the blob. The storage refuses it if
 * there is one, so one of several writers wins and the others compare. It drops the blocks of a cancelled write after a week.
 */
export const writeBlob = async (
  container: AzureContainer,
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  options: WriteOptions,
): Promise<Written> => {
  const { signal, check, earlier } = options;
  const client = container.client.getBlockBlobClient(name);
  const start = earlier === undefined ? fresh() : await goOn(container, name, earlier, signal);
  const { blockIds, measured } = await stageAll(container, client, start, chunks, options);
  signal.throwIfAborted();
  check(measured);
  try {
    await container.writing(signal, (abortSignal) =>
      client.commitBlockList(blockIds, {
        abortSignal,
        conditions: start.conditions,
        metadata: sealedMetadata(container.secret, name, measured.sha256, measured.sizeBytes),
      }),
    );
    return { outcome: 'stored', ...measured };
  } catch (error) {
    if (!isTaken(error)) {
      throw error;
    }
  }
  // It may be taken by us: the answer to a first commit can be lost and the commit repeated.
  const there = await statBlob(container, name, signal);
  if (there === undefined) {
    throw vanished();
  }
  const isSame = there.sha256 === measured.sha256 && there.sizeBytes === measured.sizeBytes;
  return isSame ? { outcome: 'same', ...measured } : { outcome: 'other-bytes' };
};

/** One block is filled while the one before is sent. */
const stageAll = async (
  container: AzureContainer,
  client: BlockBlobClient,
  start: Start,
  chunks: AsyncIterable<Uint8Array>,
  { signal, onStaged }: WriteOptions,
): Promise<{ blockIds: string[]; measured: Measured }> => {
  const { hasher, blockIds } = start;
  let { sizeBytes } = start;
  // Uploads that compete for one name must not replace each other's blocks.
  const prefix = randomBytes(12).toString('hex');
  const first = blockIds.length;
  let filling = createBlock(BLOCK_BYTES);
  let spare = createBlock(BLOCK_BYTES);
  let travelling: Promise<unknown> = Promise.resolve();

  const send = async (): Promise<void> => {
    const body = filling.contents();
    const { isFull } = filling;
    const blockId = blockIdOf(prefix, blockIds.length);
    blockIds.push(blockId);
    const count = blockIds.length - first;
    await travelling;
    travelling = container
      .writing(
        signal,
        (abortSignal) =>
          client.stageBlock(blockId, body, body.length, {
            abortSignal,
            transactionalContentMD5: createHash('md5').update(body).digest(),
          }),
        BLOCK_WITHIN_MS,
      )
      .then(() => (isFull ? onStaged?.({ prefix, count }) : undefined));
    // Awaited at the next block. Until then its failure must not count as unhandled.
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
        if (filling.isFull) {
          await send();
        }
      }
    }
    if (filling.length > 0) {
      await send();
    }
  } finally {
    // However the upload ended, nothing of it may go on in the background.
    await travelling.catch(() => {});
  }
  await travelling;
  return { blockIds, measured: { sha256: hasher.digest('hex'), sizeBytes } };
};
