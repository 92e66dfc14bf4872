import { open, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import * as tar from 'tar';
import { unpack as unpackArchive } from '#libs/archive/index.ts';

/** Most files of one archive: a simulation has some files for each frame. */
const MAX_FILES = 200_000;
/** With the folders that hold them. */
const MAX_ENTRIES = 2 * MAX_FILES;
const EPOCH = new Date(0);

/** The files below a folder, by their paths in it, in a fixed order. Links and the like are left out. */
const filesBelow = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
    .sort();
};

/**
 * Packs the files below a folder. Equal files make equal archives. Call it when nobody writes to the folder any more: it reads
 * with the agent's rights.
 */
export const pack = async (folder: string, archive: string): Promise<void> => {
  const files = await filesBelow(folder);
  if (files.length > MAX_FILES) {
    throw new Error(`${files.length} files are too many for an archive`);
  }
  const options = { file: archive, cwd: folder, portable: true, mtime: EPOCH, noDirRecurse: true };
  await tar.create(options, files);
};

/** Where a tar says that it is one. */
const MAGIC = { at: 257, text: 'ustar' } as const;

const checkMagic = async (archive: string): Promise<void> => {
  await using file = await open(archive);
  const { buffer } = await file.read(
    Buffer.alloc(MAGIC.text.length),
    0,
    MAGIC.text.length,
    MAGIC.at,
  );
  if (buffer.toString('latin1') !== MAGIC.text) {
    throw new Error('what was baked is no archive');
  }
};

/** Unpacks what `pack` made. The archive came from another machine: only files below the folder are made of it. */
export const unpack = async (archive: string, folder: string): Promise<void> => {
  await checkMagic(archive);
  // What was baked takes the place of links to what the customer handed in.
  await unpackArchive(
    archive,
    folder,
    { bytes: Infinity, entries: MAX_ENTRIES, ratio: 1 },
    { isPlainTar: true, replaces: true },
  );
};
