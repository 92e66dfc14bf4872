import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { FileUse } from '#libs/blend/index.ts';
import { placeOf, sequencePattern, tilesPattern } from './stored-path.ts';

/** The bound for the files of one folder or sequence. */
const MAX_FILES = 100_000;

const isFile = async (path: string): Promise<boolean> => {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ?? false;
};

const entriesOf = async (folder: string, recursive = false): Promise<Dirent[]> =>
  (await readdir(folder, { withFileTypes: true, recursive }).catch(() => [])).slice(0, MAX_FILES);

const matching = async (folder: string, pattern: RegExp): Promise<string[]> =>
  (await entriesOf(folder))
    .filter(({ name }) => pattern.test(name))
    .map(({ name }) => join(folder, name));

const below = async (folder: string): Promise<string[]> =>
  (await entriesOf(folder, true))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));

/** The files on disk that a use of a .blend names; none if they are missing. */
export const findFiles = async (use: FileUse, blend: string): Promise<string[]> => {
  const folder = dirname(blend);
  const place = placeOf(use.path, folder);
  switch (use.form) {
    case 'file':
      return (await isFile(place)) ? [place] : [];
    case 'sequence': {
      const pattern = sequencePattern(basename(place));
      return pattern === undefined
        ? findFiles({ ...use, form: 'file' }, blend)
        : matching(dirname(place), pattern);
    }
    case 'tiles':
      return matching(dirname(place), tilesPattern(basename(place)));
    case 'folder':
      return below(place);
    case 'blendcache':
      return below(join(folder, `blendcache_${basename(blend, extname(blend))}`));
    default:
      return use.form satisfies never;
  }
};
