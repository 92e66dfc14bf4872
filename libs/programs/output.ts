import { closeSync, openSync, readSync } from 'node:fs';
import { open, rename, stat, truncate, writeFile } from 'node:fs/promises';

/** Beyond this a program's output makes way; the end of it is kept beside. */
const MAX_BYTES = 4 * 1024 ** 2;
const KEPT_BYTES = 256 * 1024;

/** Cuts an output that has grown too long, while its program writes on. */
export const boundOutput = async (path: string): Promise<void> => {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size <= MAX_BYTES) {
    return;
  }
  const older = `${path}.1`;
  await writeFile(`${older}.part`, await tail(path, KEPT_BYTES), { mode: 0o600 });
  await rename(`${older}.part`, older);
  await truncate(path);
};

const tail = async (path: string, bytes: number): Promise<Buffer> => {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const buffer = Buffer.alloc(Math.min(bytes, size));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, Math.max(0, size - bytes));
  return buffer.subarray(0, bytesRead);
};

const LINES = 8;
const LINES_BYTES = 4_096;

/** The last lines that a program said, from a position on, at most 4 KiB; empty if it said nothing. */
export const lastLines = async (path: string, since = 0): Promise<string> =>
  (
    await tail(path, Math.min(LINES_BYTES, Math.max(0, (await outputSize(path)) - since))).catch(
      () => Buffer.alloc(0),
    )
  )
    .toString('utf8')
    .replaceAll(/[^\P{Cc}\n]/gu, '')
    .trim()
    .split('\n')
    .slice(-LINES)
    .join('\n');

/** What was said from a position on; at most 64 KiB. */
export const saidSince = (path: string, position: number): string => {
  const buffer = Buffer.alloc(64 * 1024);
  const file = openSync(path, 'r');
  try {
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, position));
  } finally {
    closeSync(file);
  }
};

export const outputSize = async (path: string): Promise<number> =>
  (await stat(path).catch(() => undefined))?.size ?? 0;

const MAX_BYTES_AT_START = 32 * 1024 ** 2;

/** Makes way for a new output where the old one has grown beyond 32 MiB; one older output is kept. Call it before a start. */
export const rotateOutput = async (path: string): Promise<void> => {
  if ((await outputSize(path)) > MAX_BYTES_AT_START) {
    await rename(path, `${path}.1`);
  }
};
