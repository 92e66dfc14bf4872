import { Option } from 'commander';
import type { RenderSpec } from '#libs/contracts/common.ts';
import { parseCount } from '../options.ts';

/** Into how many strips frames are split. */
export type Tiles = Pick<RenderSpec, 'tiles' | 'tilesIfSlow'>;

export const NO_TILES: Tiles = { tiles: 0, tilesIfSlow: false };
/** Enough for most meshes, and few enough that putting them together takes no time. */
const AUTO: Tiles = { tiles: 8, tilesIfSlow: true };

/** Reads `off`, `auto`, or a number of strips. Throws INVALID_ARGUMENT `USAGE`. */
export const parseTiles = (text: string): Tiles => {
  if (text === 'off' || text === 'auto') {
    return text === 'off' ? NO_TILES : AUTO;
  }
  return { tiles: parseCount('--tiles', 2, 14)(text), tilesIfSlow: false };
};

export const tilesOption = (): Option =>
  new Option(
    '--tiles <n>',
    'split each frame into 2 to 14 strips for several machines, to the same pixels; auto: into 8 once a machine expects over a minute for a frame and others have none; off',
  )
    .argParser(parseTiles)
    .default(AUTO, 'auto');
