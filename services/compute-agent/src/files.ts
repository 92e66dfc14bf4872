import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { inParallel } from '#libs/async/index.ts';

/** A disk writes several files at a time faster than one after the other. */
const MOVES_AT_ONCE = 8;

/** SHA-256 of a file's bytes, 64 lower-case hexadecimal digits. */
export const sha256File = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1024 ** 2 }), hash);
  return hash.digest('hex');
};

const sync = async (path: string): Promise<void> => {
  await using handle = await open(path, 'r');
  await handle.sync();
};

const move = async (from: string, to: string): Promise<void> => {
  try {
    await sync(from);
    await rename(from, to);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EXDEV') {
      throw thrown;
    }
    await copyFile(from, to);
    await sync(to);
    await rm(from);
  }
};

/** Moves a file, also to another disk. Its bytes and its new name survive a power cut. */
export const moveDurably = async (from: string, to: string): Promise<void> => {
  await move(from, to);
  await sync(dirname(to));
};

/** The same for many files, which go into one new folder. */
export const moveAllDurably = async (
  moves: readonly (readonly [from: string, to: string])[],
  folder: string,
): Promise<void> => {
  await inParallel(MOVES_AT_ONCE, moves, ([from, to]) => move(from, to));
  await sync(folder);
  await sync(dirname(folder));
};

/** Makes a folder that only its owner may enter, and closes one that is there and ours. */
export const makePrivate = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EPERM') {
      throw thrown;
    }
  });
};
