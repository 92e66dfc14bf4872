import { posix } from 'node:path';

/** A drive of Windows: `C:\` or `C:/`. */
const DRIVE = /^([a-z]):(?=[\\/])/i;

/** A file as a .blend reaches it. */
export interface Spot {
  /** Where Blender looks for it, an absolute path of this machine's or of another's. */
  place: string;
  /** Where it is on this machine. */
  source: string;
  /** Whether it is reached by absolute paths, and so has to be at its very place on every machine. */
  isFixed: boolean;
}

/**
 * Where Blender on Linux looks for a path that a .blend holds: `//` means the folder of the .blend, and
 * `C:\` means `/c/`. Undefined for a path that means another file in each working folder.
 */
export const spotOf = (stored: string, blend: Spot): Spot | undefined => {
  const path = stored
    .replace(DRIVE, (_, drive: string) => `/${drive.toLowerCase()}`)
    .replaceAll('\\', '/');
  if (stored.startsWith('//')) {
    const beside = (file: string): string => posix.join(posix.dirname(file), path.slice(2));
    return { ...blend, place: beside(blend.place), source: beside(blend.source) };
  }
  // Of a share of Windows, one slash is left.
  const place = posix.resolve(path);
  return path.startsWith('/') ? { place, source: place, isFixed: true } : undefined;
};

/** Paths in a folder at which the file of another machine's place may be: `/x/film/tex/a.png` may be `film/tex/a.png` or `a.png` in it. */
export const tailsOf = (place: string): string[] => {
  const parts = place.split('/').filter((part) => part !== '');
  return parts.map((_, i) => parts.slice(i).join('/'));
};

/** Matches the files of a sequence, one of which is `name`: `shot_0001.png` and all others with another number. */
export const sequencePattern = (name: string): RegExp | undefined => {
  const numbers = [...name.matchAll(/\d+/g)];
  const last = numbers.at(-1);
  if (last === undefined) {
    return undefined;
  }
  const before = name.slice(0, last.index);
  const after = name.slice(last.index + last[0].length);
  return new RegExp(`^${RegExp.escape(before)}\\d+${RegExp.escape(after)}$`, 's');
};

/** Matches the tiles of `name`: `bark.<UDIM>.png` names `bark.1001.png`, `bark.<UVTILE>.png` names `bark.u1_v1.png`. */
export const tilesPattern = (name: string): RegExp => {
  const parts = name.split(/(<UDIM>|<UVTILE>)/);
  const source = parts.map((part) => {
    if (part === '<UDIM>') {
      return String.raw`1\d{3}`;
    }
    return part === '<UVTILE>' ? String.raw`u\d+_v\d+` : RegExp.escape(part);
  });
  return new RegExp(`^${source.join('')}$`, 's');
};
