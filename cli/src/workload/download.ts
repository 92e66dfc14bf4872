import { createHash, type Hash } from 'node:crypto';
import { constants, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { BlobServiceService } from '#libs/contracts/blob.ts';
import type { Result, ResultFile } from '#libs/contracts/session.ts';
import { DomainError, isDomainError, status } from '#libs/errors/index.ts';
import type { Cli } from '../cli.ts';
import type { Mesh } from '../mesh.ts';
import { foundAt } from './found-at.ts';
import { partPath } from './parts.ts';
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

/** Runs a call until it works, or patience is over. */
type Persist = (call: () => Promise<void>) => Promise<void>;

type Wanted = Pick<Result, 'task'> & Omit<ResultFile, 'pixelHash' | 'ending'>;

/** The bytes of a draft so far. Writing goes on after them. */
interface Draft {
  file: FileHandle;
  hash: Hash;
  sizeBytes: number;
}

/** Reads what a draft has. What is longer than the whole is of no use, so it is begun anew. */
const readDraft = async (file: FileHandle, { sizeBytes: whole }: Wanted): Promise<Draft> => {
  if ((await file.stat()).size > whole) {
    await file.truncate(0);
  }
  const draft = { file, hash: createHash('sha256'), sizeBytes: 0 };
  for await (const chunk of file.createReadStream({ autoClose: false })) {
    draft.hash.update(chunk as Buffer);
    draft.sizeBytes += (chunk as Buffer).length;
  }
  return draft;
};

/** Brings the bytes that a draft lacks; answers whether it then has those that were accepted. */
const completeDraft = async (
  { interrupt: signal }: Pick<Cli, 'interrupt'>,
  mesh: Mesh,
  result: Wanted,
  part: string,
  persist: Persist,
): Promise<{ isRight: boolean; hadBytes: number }> => {
  const { blobName, grant, sizeBytes, sha256 } = result;
  const options = { signal, deadlineMs: uploadDeadlineMs(sizeBytes) };
  const { download } = mesh.client(BlobServiceService, 'customer');
  // Closed before it gets its name, because some disks refuse a write only then.
  await using file = await open(part, constants.O_RDWR | constants.O_CREAT);
  const draft = await readDraft(file, result);
  const hadBytes = draft.sizeBytes;
  await persist(async () => {
    if (draft.sizeBytes > 0 && draft.sizeBytes >= sizeBytes) {
      return;
    }
    const request = { blobName, grant, offset: draft.sizeBytes, lengthBytes: 0 };
    for await (const { chunk } of download(request, options)) {
      await file.writeFile(chunk);
      draft.hash.update(chunk);
      draft.sizeBytes += chunk.length;
    }
  });
  const isRight = draft.sizeBytes === sizeBytes && draft.hash.digest('hex') === sha256;
  return { isRight, hadBytes };
};

const removeIfEmpty = async (part: string): Promise<void> => {
  if ((await foundAt(part))?.size === 0) {
    await rm(part, { force: true });
  }
};

/**
 * Fetches a file of a result into `path`, whole or not at all: a draft takes the name after length and SHA-256 were checked.
 * A draft that could not be completed stays, and the next call, also of a later command, goes on after its bytes; so does
 * `persist` when it repeats the call after a broken connection.
 */
export const downloadResult = async (
  cli: Pick<Cli, 'interrupt'>,
  mesh: Mesh,
  result: Wanted,
  path: string,
  persist: Persist = (call) => call(),
): Promise<void> => {
  const part = partPath(path, result.sha256);
  const complete = () => completeDraft(cli, mesh, result, part, persist);
  try {
    let done = await complete();
    if (!done.isRight && done.hadBytes > 0) {
      // What an earlier command left was damaged.
      await rm(part, { force: true });
      done = await complete();
    }
    if (!done.isRight) {
      await rm(part, { force: true });
      throw new DomainError(
        status.DATA_LOSS,
        'RESULT_DAMAGED',
        `${result.task} arrived with other bytes than were accepted`,
        { task: result.task },
      );
    }
  } catch (error) {
    await removeIfEmpty(part);
    throw error;
  }
  await rename(part, path).catch(async (error: unknown) => {
    // Another command that fetches the same file was quicker.
    if ((await foundAt(path))?.size !== result.sizeBytes) {
      throw error;
    }
  });
};
