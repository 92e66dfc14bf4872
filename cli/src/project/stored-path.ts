import { posix } from 'node:path';

/** A drive of Windows: `C:\` or `C:/`. */
const DRIVE = /^[a-z]:(?=[\\/])/i;

/**
 * Where Blender on Linux looks for a path that a .blend holds, as an absolute path: `//` means the folder of the .blend, and
 * a drive of Windows falls away. `folder` is absolute.
 */
export const placeOf = (stored: string, folder: string): string => {
  const path = stored.replace(DRIVE, '').replaceAll('\\', '/');
  return path.startsWith('//') ? posix.join(folder, path.slice(2)) : posix.resolve(folder, path);
};

/** Matches the files of a sequence, one of which is `name`: `shot_0001.png` and all others with another number. */
export const sequencePattern = (name: string): RegExp | undefined => {
  const [, before, digits, after] = /^(.*?)(\d+)(\D*)$/s.exec(name) ?? [];
  if (before === undefined || digits === undefined || after === undefined) {
    return undefined;
  }
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
