import { basename } from 'node:path';
import type { FileUse, SequenceRead } from '#libs/blend/index.ts';

/** `path` with another name at its end; paths of Windows have other separators. */
export const renamed = (path: string, name: string): string =>
  path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1) + name;

const tileName = (path: string, tile: number): string => {
  const [column, row] = [(tile - 1001) % 10, Math.floor((tile - 1001) / 10)];
  return path
    .replaceAll('<UDIM>', String(tile))
    .replaceAll('<UVTILE>', `u${column + 1}_v${row + 1}`);
};

/**
 * The number of the file that a frame shows, as BKE_image_user_frame_get says; undefined before the first, where Blender reads
 * what nobody means, the number before it.
 */
const numberAt = (
  { first, count, offset, isCyclic }: SequenceRead,
  frame: number,
): number | undefined => {
  const nth = frame - first;
  if (isCyclic) {
    return (((nth % count) + count) % count) + 1 + offset;
  }
  return nth < 0 ? undefined : Math.min(nth, count - 1) + 1 + offset;
};

const numberedPath = (path: string, number: number | undefined): string | undefined => {
  const name = basename(path.replaceAll('\\', '/'));
  const numbers = [...name.matchAll(/\d+/g)];
  const last = numbers.at(-1);
  if (last === undefined || number === undefined || number < 0) {
    return undefined;
  }
  const digits = String(number).padStart(last[0].length, '0');
  const before = name.slice(0, last.index);
  return renamed(path, before + digits + name.slice(last.index + last[0].length));
};

/** The paths of single files that these frames read, as far as the .blend says; undefined if it does not. */
export const expectedPaths = (
  { path, tiles, reads }: FileUse,
  frames: readonly number[],
): ReadonlySet<string> | undefined => {
  if (tiles !== undefined && tiles.length > 0) {
    return new Set(tiles.map((tile) => tileName(path, tile)));
  }
  if (reads === undefined || frames.length === 0) {
    return undefined;
  }
  const paths = new Set<string>();
  for (const read of reads.filter(({ count }) => count > 0)) {
    for (const frame of frames) {
      const numbered = numberedPath(path, numberAt(read, frame));
      if (numbered !== undefined) {
        paths.add(numbered);
      }
    }
  }
  return paths;
};
