import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import type { FileUse } from '#libs/blend/index.ts';
import { sequencePattern, spotOf, tailsOf, tilesPattern, type Spot } from './stored-path.ts';

/** The bound for the files of one folder or sequence. */
const MAX_FILES = 100_000;

const isFile = async (path: string): Promise<boolean> => {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ?? false;
};

const entriesOf = async (folder: string, recursive = false): Promise<Dirent[]> =>
  (await readdir(folder, { withFileTypes: true, recursive }).catch(() => [])).slice(0, MAX_FILES);

/** Files beside a spot whose names match. */
const matching = async (spot: Spot, pattern: RegExp): Promise<Spot[]> => {
  const folder = dirname(spot.source);
  const names = (await entriesOf(folder)).map(({ name }) => name).filter((n) => pattern.test(n));
  return names.map((name) => ({
    ...spot,
    place: join(dirname(spot.place), name),
    source: join(folder, name),
  }));
};

const below = async (spot: Spot): Promise<Spot[]> =>
  (await entriesOf(spot.source, true))
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((source) => ({
      ...spot,
      place: join(spot.place, relative(spot.source, source)),
      source,
    }));

const at = async (spot: Spot, form: FileUse['form']): Promise<Spot[]> => {
  const name = basename(spot.source);
  switch (form) {
    case 'file':
      return (await isFile(spot.source)) ? [spot] : [];
    case 'sequence': {
      const pattern = sequencePattern(name);
      return pattern === undefined ? at(spot, 'file') : matching(spot, pattern);
    }
    case 'tiles':
      return matching(spot, tilesPattern(name));
    case 'folder':
    case 'blendcache':
      return below(spot);
    default:
      return form satisfies never;
  }
};

const cacheFolder = (blend: string): string =>
  join(dirname(blend), `blendcache_${basename(blend, extname(blend))}`);

/**
 * The files on this machine that a use of a .blend names; none if they are missing. What a .blend of another machine names by
 * that machine's place is looked for in `folder`, the longest part of its path first.
 */
export const findFiles = async (use: FileUse, blend: Spot, folder: string): Promise<Spot[]> => {
  if (use.form === 'blendcache') {
    const { place, source, isFixed } = blend;
    return below({ place: cacheFolder(place), source: cacheFolder(source), isFixed });
  }
  const spot = spotOf(use.path, blend);
  if (spot === undefined) {
    return [];
  }
  const found = await at(spot, use.form);
  if (found.length > 0 || !spot.isFixed) {
    return found;
  }
  for (const tail of tailsOf(spot.place)) {
    const elsewhere = await at({ ...spot, source: join(folder, tail) }, use.form);
    if (elsewhere.length > 0) {
      return elsewhere;
    }
  }
  return [];
};
