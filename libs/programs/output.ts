import { closeSync, openSync, readSync } from 'node:fs';
import { open, rename, stat, truncate, writeFile } from 'node:fs/promises';

interface OutputBounds {
  /** Beyond this an output makes way. */
  maxBytes: number;
  /** So much of its end is kept beside it. */
  keptBytes: number;
}

/** For what programs of others say. */
const CHATTER: OutputBounds = { maxBytes: 4 * 1024 ** 2, keptBytes: 256 * 1024 };
/** For logs of the mesh's own parts. */
export const LOGS: OutputBounds = { maxBytes: 32 * 1024 ** 2, keptBytes: 32 * 1024 ** 2 };

/** Cuts an output that has grown too long, also while its program, which appends to it, writes on. Its end is kept as `PATH.1`. */
export const boundOutput = async (
  path: string,
  { maxBytes, keptBytes }: OutputBounds = CHATTER,
): Promise<void> => {
  if ((await outputSize(path)) <= maxBytes) {
    return;
  }
  const older = `${path}.1`;
  await writeFile(`${older}.part`, await tail(path, keptBytes), { mode: 0o600 });
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
