import { type Pixels, view } from './pixels.ts';

/** Samples that differ by less look the same: other processors and cards round otherwise. As a share of the whole range. */
const NOTICEABLE = 1 / 32;

/** What a sample of each bit depth is at white. */
const WHITE = { 8: 255, 16: 65_535, 32: 1 } as const;

/** The share of samples that differ noticeably, 0 to 1; 1 for pictures of different shapes. It looks at all samples. */
export const differingShare = (a: Pixels, b: Pixels): number => {
  const isSameShape =
    a.width === b.width &&
    a.height === b.height &&
    a.channels === b.channels &&
    a.bitDepth === b.bitDepth;
  if (!isSameShape) {
    return 1;
  }
  const [left, right] = [view(a), view(b)];
  const threshold = NOTICEABLE * WHITE[a.bitDepth];
  let differing = 0;
  for (let at = 0; at < left.length; at += 1) {
    const difference = Math.abs(left[at]! - right[at]!);
    // Not `>`, because light may be no number, or infinite in both.
    if (!(difference <= threshold) && left[at] !== right[at]) {
      differing += 1;
    }
  }
  return left.length === 0 ? 0 : differing / left.length;
};
