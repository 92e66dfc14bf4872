import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BlobServiceService } from '#libs/contracts/blob.ts';
import type { Result, ResultFile } from '#libs/contracts/session.ts';
import { DomainError, isDomainError, status } from '#libs/errors/index.ts';
import type { Cli } from '../cli.ts';
import type { Mesh } from '../mesh.ts';
import { precondition, textOf } from '../failures.ts';
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

const NO_ROOM: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/** Runs a call until it works, or patience is over. */
type Persist = (call: () => Promise<void>) => Promise<void>;

/**
 * Fetches a file of a result into `path`, whole or not at all: a draft takes the name after length and SHA-256 were checked.
 * When `persist` repeats the call after a broken connection, it goes on after the bytes that are there.
 */
export const downloadResult = async (
  cli: Pick<Cli, 'random' | 'interrupt'>,
  mesh: Mesh,
  result: Pick<Result, 'task'> & Omit<ResultFile, 'pixelHash' | 'ending'>,
  path: string,
  persist: Persist = (call) => call(),
): Promise<void> => {
  const draft = `${path}.${cli.random.id('part')}`;
  try {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const request = { blobName: result.blobName, lengthBytes: 0, grant: result.grant };
    const options = { signal: cli.interrupt, deadlineMs: uploadDeadlineMs(result.sizeBytes) };
    const { download } = mesh.client(BlobServiceService, 'customer');
    {
      // Closed before it gets its name, because some disks refuse a write only then.
      await using file = await open(draft, 'wx');
      await persist(async () => {
        if (sizeBytes > 0 && sizeBytes >= result.sizeBytes) {
          return;
        }
        for await (const { chunk } of download({ ...request, offset: sizeBytes }, options)) {
          await file.writeFile(chunk);
          hash.update(chunk);
          sizeBytes += chunk.length;
        }
      });
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
  } catch (error) {
    if (error instanceof Error && 'code' in error && NO_ROOM.has(error.code)) {
      throw precondition(
        'NO_ROOM',
        `${path}: ${textOf(error)}; make room, and fetch what is missing with muster results ID --out ${dirname(path)}`,
        { path },
      );
    }
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
};
