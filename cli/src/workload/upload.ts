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
import { checkName } from '../raw-names.ts';

/** The largest chunk that the blob service takes. */
const CHUNK_BYTES = 2 ** 20;

/** A file that can be read right now, and how long it is. Throws INVALID_ARGUMENT `INPUT_UNREADABLE`, `NAME_NOT_UTF8`. */
export const checkReadable = async (path: string): Promise<number> => {
  await checkName(path);
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

export interface UploadOptions {
  cli: Pick<Cli, 'random' | 'interrupt'>;
  mesh: Mesh;
  path: string;
  /** Empty for customers: it is theirs. */
  customerId: string;
  patience: PatienceOptions;
  /** Told when the mesh has the first bytes from an upload that was cut off. */
  onResumed?: (fileName: string, receivedBytes: number) => void;
}

interface Measured {
  sha256: string;
  sizeBytes: number;
}

/** Uploads a file. The hash is sent ahead, so the service refuses bytes that changed on the way. Answers the blob's name. */
export const sendFile = async (
  { cli, mesh, path, customerId, patience, onResumed }: UploadOptions,
  { sha256, sizeBytes }: Measured,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<string> => {
  const { interrupt: signal } = cli;
  const deadlineMs = uploadDeadlineMs(sizeBytes);
  const { upload, findUpload } = mesh.client(BlobServiceService, 'customer');
  const file = { sha256, sizeBytes, customerId };
  const { blobName } = await persistently(patience, async () => {
    let counted = 0;
    const count = (bytes: number): void => {
      counted += bytes;
      onBytes(bytes);
    };
    try {
      const { receivedBytes, resumeToken } = await findUpload(file, { signal });
      if (receivedBytes > 0) {
        count(receivedBytes);
        onResumed?.(displayName(path), receivedBytes);
      }
      const rest = messages(path, { ...file, resumeToken, receivedBytes }, count);
      return await upload(rest, { signal, deadlineMs });
    } catch (error) {
      // The next try begins with what the mesh has by then.
      onBytes(-counted);
      throw error;
    }
  });
  return blobName;
};

/** Makes an object of an uploaded file. */
export const makeObject = async (
  { cli, mesh, path, customerId, patience }: UploadOptions,
  blobName: string,
): Promise<MeshObject> => {
  const { createObject } = mesh.client(ObjectServiceService, 'customer');
  const requestId = cli.random.id('r');
  const ask = { blobName, fileName: displayName(path), customerId, requestId };
  const { object } = await persistently(patience, () =>
    createObject(ask, { signal: cli.interrupt }),
  );
  if (object === undefined) {
    throw new TypeError('the blob service answered no object');
  }
  return object;
};

/** Uploads a file and makes it an object. */
export const uploadObject = async (options: UploadOptions): Promise<MeshObject> => {
  const sizeBytes = await checkReadable(options.path);
  const sha256 = await hashFile(options.path, options.cli.interrupt);
  return makeObject(options, await sendFile(options, { sha256, sizeBytes }));
};

/** A link of 1 MiB/s, and a minute for the storage behind it. */
export const uploadDeadlineMs = (sizeBytes: number): number =>
  60_000 + (sizeBytes / 2 ** 20) * 1_000;

/** A file's name for display, without the control characters and slashes that the blob service refuses. */
export const displayName = (path: string): string =>
  basename(path)
    .replace(/[\p{Cc}\\/]/gu, '_')
    .slice(-255) || 'file';

/** SHA-256 of a file, 64 hexadecimal digits. */
export const hashFile = async (path: string, signal?: AbortSignal): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: CHUNK_BYTES }), hash, { signal });
  return hash.read().toString('hex');
};

interface Beginning {
  customerId: string;
  resumeToken: string;
  receivedBytes: number;
}

async function* messages(
  path: string,
  { customerId, receivedBytes, ...file }: Measured & Beginning,
  onBytes: (bytes: number) => void,
): AsyncGenerator<UploadRequest> {
  const target = { $case: 'customerFile' as const, value: { customerId } };
  yield { part: { $case: 'header', value: { target, ...file } } };
  const chunks: AsyncIterable<Buffer> = createReadStream(path, {
    highWaterMark: CHUNK_BYTES,
    start: receivedBytes,
  });
  for await (const chunk of chunks) {
    yield { part: { $case: 'chunk', value: chunk } };
    onBytes(chunk.length);
  }
}
