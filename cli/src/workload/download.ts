import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { BlobServiceService } from '#libs/contracts/blob.ts';
import type { Result, ResultFile } from '#libs/contracts/session.ts';
import { DomainError, isDomainError, status } from '#libs/errors/index.ts';
import type { Cli } from '../cli.ts';
import type { Mesh } from '../mesh.ts';
import { uploadDeadlineMs } from './upload.ts';

/** The most that a preview may have, as the blob service bounds it. */
const MAX_PREVIEW_BYTES = 256 * 1_024;

/** The small JPEG of a result; undefined if there is none. */
export const downloadPreview = async (
  { interrupt: signal }: Pick<Cli, 'interrupt'>,
  mesh: Mesh,
  { previewName: blobName, previewGrant: grant }: Result,
): Promise<Buffer | undefined> => {
  if (blobName === '') {
    return undefined;
  }
  const request = { blobName, offset: 0, lengthBytes: MAX_PREVIEW_BYTES, grant };
  const { download } = mesh.client(BlobServiceService, 'customer');
  try {
    const pieces = await Array.fromAsync(download(request, { signal }), ({ chunk }) => chunk);
    return Buffer.concat(pieces);
  } catch (error) {
    if (isDomainError(error) && error.code === status.NOT_FOUND) {
      return undefined;
    }
    throw error;
  }
};

/** Fetches a file of a result into `path`, whole or not at all: a draft takes the name after length and SHA-256 were checked. */
export const downloadResult = async (
  cli: Pick<Cli, 'random' | 'interrupt'>,
  mesh: Mesh,
  result: Pick<Result, 'task'> & Omit<ResultFile, 'pixelHash' | 'ending'>,
  path: string,
): Promise<void> => {
  const draft = `${path}.${cli.random.id('part')}`;
  try {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const request = { blobName: result.blobName, offset: 0, lengthBytes: 0, grant: result.grant };
    const options = { signal: cli.interrupt, deadlineMs: uploadDeadlineMs(result.sizeBytes) };
    const { download } = mesh.client(BlobServiceService, 'customer');
    {
      // Closed before it gets its name, because some disks refuse a write only then.
      await using file = await open(draft, 'wx');
      for await (const { chunk } of download(request, options)) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        await file.writeFile(chunk);
      }
    }
    if (sizeBytes !== result.sizeBytes || hash.digest('hex') !== result.sha256) {
      throw new DomainError(
        status.DATA_LOSS,
        'RESULT_DAMAGED',
        `${result.task} arrived with other bytes than were accepted`,
        { task: result.task },
      );
    }
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
};
