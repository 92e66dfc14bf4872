import { chmod, constants, copyFile, lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PartFile } from '#libs/contracts/blob.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { isRelativePath } from '#libs/mesh/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Borrowed } from '../cache/scene-cache.ts';
import { sha256File } from '../files.ts';

/** A folder that files are put into. */
export interface Placing {
  folder: string;
  /** Those below it that are known to be folders; empty at first. */
  folders: Set<string>;
  random: Random;
}

/**
 * Makes the folders on the way to a path. A program that worked there before may have left links, which would lead out; they go, as
 * does everything else that is in the way.
 */
const makeWay = async ({ folder, folders }: Placing, path: string): Promise<void> => {
  const way: string[] = [];
  for (let at = dirname(path); at !== '.'; at = dirname(at)) {
    way.unshift(at);
  }
  for (const each of way.filter((at) => !folders.has(at))) {
    const found = await lstat(join(folder, each)).catch(() => undefined);
    if (found !== undefined && !found.isDirectory()) {
      await rm(join(folder, each), { force: true });
    }
    await mkdir(join(folder, each), { recursive: true });
    folders.add(each);
  }
};

const isThere = async (to: string, { sha256, sizeBytes }: PartFile): Promise<boolean> => {
  const found = await lstat(to).catch(() => undefined);
  if (found?.isFile() === true && found.size === sizeBytes) {
    return sizeBytes === 0 || (await sha256File(to)) === sha256;
  }
  if (found?.isDirectory() === true) {
    await rm(to, { recursive: true });
  }
  return false;
};

/**
 * Puts a file into the folder, at its path and writable, unless it is there with these bytes. It is a copy, because a program may
 * write to it, and what `borrow` gives is shared. Nothing may work in the folder meanwhile.
 */
export const placePart = async (
  placing: Placing,
  part: PartFile,
  borrow: () => Promise<Borrowed>,
): Promise<void> => {
  if (!isRelativePath(part.path)) {
    throw new DomainError(status.DATA_LOSS, 'MANIFEST_DAMAGED', `${part.path} is no path`);
  }
  await makeWay(placing, part.path);
  const to = join(placing.folder, part.path);
  if (await isThere(to, part)) {
    return;
  }
  // A rename replaces a link instead of following it, and leaves no half a file at the path.
  const partial = join(dirname(to), placing.random.id('muster'));
  if (part.sizeBytes === 0) {
    await writeFile(partial, '', { flag: 'wx' });
  } else {
    const borrowed = await borrow();
    try {
      await copyFile(borrowed.file, partial, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    } finally {
      borrowed.release();
    }
  }
  await chmod(partial, 0o644);
  await rename(partial, to);
};
