import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  BlobServiceService,
  ObjectServiceService,
  type Object as MeshObject,
  type UploadRequest,
} from '#libs/contracts/blob.ts';
import type { Cli } from '../cli.ts';
import { inputUnreadable, textOf } from '../failures.ts';
import type { Mesh } from '../mesh.ts';
import { persistently, type PatienceOptions } from '../patience.ts';

/** The largest chunk that the blob service takes. */
const CHUNK_BYTES = 2 ** 20;

/** A file that can be read right now, and how long it is. Throws INVALID_ARGUMENT `INPUT_UNREADABLE`. */
export const checkReadable = async (path: string): Promise<number> => {
  try {
    const found = await stat(path);
    if (!found.isFile()) {
      throw inputUnreadable(path, found.isDirectory() ? 'is a directory' : 'not a regular file');
    }
    await access(path, constants.R_OK);
    return found.size;
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) {
      throw inputUnreadable(path, textOf(error), error);
    }
    throw error;
  }
};

interface UploadOptions {
  cli: Pick<Cli, 'random' | 'interrupt'>;
  mesh: Mesh;
  path: string;
  /** Empty for customers: it is theirs. */
  customerId: string;
  patience: PatienceOptions;
}

/** Uploads a file and makes it an object. The hash is sent ahead, so the service refuses bytes that changed on the way. */
export const uploadObject = async (options: UploadOptions): Promise<MeshObject> => {
  const { cli, mesh, path, customerId, patience } = options;
  const { random, interrupt: signal } = cli;
  const sizeBytes = await checkReadable(path);
  const header = { sizeBytes, sha256: await hashFile(path, signal), customerId };
  const deadlineMs = uploadDeadlineMs(sizeBytes);
  const { upload } = mesh.client(BlobServiceService, 'customer');
  const { blobName } = await persistently(patience, () =>
    upload(messages(path, header), { signal, deadlineMs }),
  );
  const { createObject } = mesh.client(ObjectServiceService, 'customer');
  const ask = { blobName, fileName: displayName(path), customerId, requestId: random.id('r') };
  const { object } = await persistently(patience, () => createObject(ask, { signal }));
  if (object === undefined) {
    throw new TypeError('the blob service answered no object');
  }
  return object;
};

/** A link of 1 MiB/s, and a minute for the storage behind it. */
export const uploadDeadlineMs = (sizeBytes: number): number =>
  60_000 + (sizeBytes / 2 ** 20) * 1_000;

/** A file's name for display, without the control characters and slashes that the blob service refuses. */
const displayName = (path: string): string =>
  basename(path)
    .replace(/[\p{Cc}\\/]/gu, '_')
    .slice(-255) || 'file';

/** SHA-256 of a file, 64 hexadecimal digits. */
export const hashFile = async (path: string, signal?: AbortSignal): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: CHUNK_BYTES }), hash, { signal });
  return hash.read().toString('hex');
};

async function* messages(
  path: string,
  { sha256, sizeBytes, customerId }: { sha256: string; sizeBytes: number; customerId: string },
): AsyncGenerator<UploadRequest> {
  const target = { $case: 'customerFile' as const, value: { customerId } };
  yield { part: { $case: 'header', value: { target, sha256, sizeBytes } } };
  const chunks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  for await (const chunk of chunks) {
    yield { part: { $case: 'chunk', value: chunk } };
  }
}
