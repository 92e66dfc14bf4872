import { extname } from 'node:path';
import type { CheckPictureRequest } from '#libs/contracts/blob.ts';
import type { BlobAccess } from '../../blob-access.ts';
import type { AcceptedResult } from '../../domain/state/entries.ts';
import type { ResultCheck } from '../../kinds/kind.ts';

/** What a check found out about an accepted result. */
export type Finding =
  | { kind: 'verified' }
  /**
   * It is not as it should be. The reason is for people. `contradicts`: its bytes are not what its user reported of them, whatever the
   * scene is.
   */
  | { kind: 'refused'; reason: string; contradicts: boolean }
  /** The storage lost it, so nobody lied. */
  | { kind: 'missing' };

/** The size of a scene's pictures in pixels; 0 where nobody can tell. */
type PictureSize = Pick<CheckPictureRequest, 'width' | 'height'>;

const ANY_SIZE: PictureSize = { width: 0, height: 0 };

const short = (hash: string): string => (hash === '' ? 'none' : `${hash.slice(0, 12)}…`);

/** The picture of a frame has the scene's size; so may its further files not. All decode, and have the pixels that were reported. */
const checkPictures = async (
  { blob }: Pick<CheckerOptions, 'blob'>,
  { files = [], ...first }: AcceptedResult,
  size: PictureSize,
  signal: AbortSignal,
): Promise<Finding> => {
  for (const file of [first, ...files]) {
    const expected = file === first ? size : ANY_SIZE;
    const found = await blob.checkPicture({ blobName: file.blob, ...expected }, signal);
    if (found === undefined) {
      return { kind: 'missing' };
    }
    if (found.problem !== '') {
      // A picture of another size may be the scene's fault, so it is looked at once more, whatever its size.
      const again = await blob.checkPicture({ blobName: file.blob, ...ANY_SIZE }, signal);
      const contradicts = again !== undefined && again.pixelHash !== file.pixelHash;
      return { kind: 'refused', reason: found.problem, contradicts };
    }
    if (found.pixelHash !== file.pixelHash) {
      const reason = `the picture has the pixel hash ${short(found.pixelHash)}, not ${short(file.pixelHash)} as reported`;
      return { kind: 'refused', reason, contradicts: true };
    }
  }
  return { kind: 'verified' };
};

interface CheckerOptions {
  blob: Pick<BlobAccess, 'checkPicture' | 'differing' | 'pictureSize'>;
  /** The object that the workload works on; empty if there is none. */
  objectId: string;
}

/** Creates what checks the results of one workload, as its kind says. It rejects with UNAVAILABLE if blob is away. */
export const createChecker = ({ blob, objectId }: CheckerOptions) => {
  let known: PictureSize | undefined;
  return async (
    check: ResultCheck,
    result: AcceptedResult,
    signal: AbortSignal,
  ): Promise<Finding> => {
    switch (check.kind) {
      case 'picture': {
        const { scene, scalePercent } = check;
        known ??= await blob.pictureSize({ objectId, scene, scalePercent }, signal);
        return checkPictures({ blob }, result, known, signal);
      }
      case 'none':
        return { kind: 'verified' };
      default:
        return check satisfies never;
    }
  };
};

/** So much of two pictures of a frame may differ noticeably: noise that rounds otherwise, of another processor or card. */
const MAX_DIFFERING = 0.01;

/** Whether two users made the same picture: to the pixel, or within what other hardware may change. */
export const isAlike = async (
  blob: Pick<BlobAccess, 'differing'>,
  a: AcceptedResult,
  b: AcceptedResult,
  signal: AbortSignal,
): Promise<boolean> => {
  if (a.pixelHash === b.pixelHash) {
    return true;
  }
  if (extname(a.blob) !== extname(b.blob)) {
    return false;
  }
  const names = { blobName: a.blob, otherBlobName: b.blob };
  return ((await blob.differing(names, signal)) ?? 1) <= MAX_DIFFERING;
};
