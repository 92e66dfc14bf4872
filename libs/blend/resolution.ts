import type { BlendFile } from './file.ts';
import { type BlendRecord, recordsOf } from './record.ts';

/** The resolution of a scene; see {@link resolutionOf}. */
export interface SceneResolution {
  /** At 100 %, in pixels, and the percentage of it to render. */
  width: number;
  height: number;
  percent: number;
  /** The part of a cropped picture that is kept: left, right, bottom, top, from 0 to 1. */
  border: [number, number, number, number] | null;
}

/** R_BORDER and R_CROP of `r.mode`, R_MULTIVIEW of `r.scemode`, as files of 3.4 have them. */
const USES_BORDER = 1 << 9;
const CROPS = 1 << 11;
const IS_STEREO = 1 << 21;

const nameOf = (id: BlendRecord): string => id.text('id.name').slice(2);

/**
 * The resolution of the scene of this name, or of the current one if it is empty. Undefined if the file does not have that scene, or
 * it is stereo, whose pictures have sizes of their own.
 */
export const resolutionOf = (file: BlendFile, scene: string): SceneResolution | undefined => {
  const ofCode = (code: string): BlendRecord[] =>
    file.blocks.filter((block) => block.code === code).flatMap((block) => recordsOf(file, block));
  const current = ofCode('GLOB')[0]?.ref('curscene');
  const found = scene === '' ? current : ofCode('SC').find((each) => nameOf(each) === scene);
  if (
    found === undefined ||
    !found.has('r.xsch') ||
    (found.number('r.scemode') & IS_STEREO) !== 0
  ) {
    return undefined;
  }
  const mode = found.number('r.mode');
  const edges = ['xmin', 'xmax', 'ymin', 'ymax'].map((edge) => found.number(`r.border.${edge}`));
  const [left = 0, right = 1, bottom = 0, top = 1] = edges;
  return {
    width: found.number('r.xsch'),
    height: found.number('r.ysch'),
    percent: found.number('r.size'),
    border: (mode & USES_BORDER) !== 0 && (mode & CROPS) !== 0 ? [left, right, bottom, top] : null,
  };
};
