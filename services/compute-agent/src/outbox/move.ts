import { copyFile, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

const sync = async (path: string): Promise<void> => {
  await using handle = await open(path, 'r');
  await handle.sync();
};

/** Moves a file, also to another disk. Its bytes and its new name survive a power cut. */
export const moveDurably = async (from: string, to: string): Promise<void> => {
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
  await sync(dirname(to));
};
