import { framesTooMany } from './frame-errors.ts';
import { collectRanges, type FrameRange } from './frame-ranges.ts';
import type { OrdinalRange } from './ordinals.ts';

/** Frames that Blender knows: 0 to 1,048,574. */
export const MAX_FRAME = 1_048_574;

/** Frames of one workload. */
export const MAX_FRAMES = 1_000_000;

/**
 * A set of frames that is not empty, as ranges in ascending order that do not interleave. The form is canonical: equal
 * sets have equal ranges, however they were written. Costs memory by the range, not by the frame.
 */
export interface FrameSet {
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly ranges: readonly FrameRange[];
}

/** All frames from `first` to `last`, as a scene's own range gives them. Throws `FRAMES_TOO_MANY`. */
export const framesBetween = (first: number, last: number): FrameSet => {
  const count = last - first + 1;
  if (count > MAX_FRAMES) {
    throw framesTooMany(MAX_FRAMES);
  }
  return { count, first, last, ranges: [{ first, last, step: 1, ordinal: 0 }] };
};

/** The last range whose `key` is at most `value`; undefined where there is none. */
const lastAtMost = (ranges: readonly FrameRange[], key: 'first' | 'ordinal', value: number): FrameRange | undefined => {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.[key] ?? Infinity) <= value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return ranges[low - 1];
};

const rangeAt = ({ ranges, count }: FrameSet, ordinal: number): FrameRange => {
  const range = lastAtMost(ranges, 'ordinal', ordinal);
  if (!range || ordinal >= count) {
    throw new RangeError(`no frame has the ordinal ${ordinal} of ${count}`);
  }
  return range;
};

/** The frame with that many frames of the set before it. Throws RangeError outside 0 … count − 1. O(log ranges). */
export const frameAt = (frames: FrameSet, ordinal: number): number => {
  const range = rangeAt(frames, ordinal);
  return range.first + (ordinal - range.ordinal) * range.step;
};

/** The inverse of {@link frameAt}; undefined where the frame is not in the set. O(log ranges). */
export const ordinalOf = (frames: FrameSet, frame: number): number | undefined => {
  const range = lastAtMost(frames.ranges, 'first', frame);
  if (!range || frame > range.last) {
    return undefined;
  }
  const steps = (frame - range.first) / range.step;
  return Number.isInteger(steps) ? range.ordinal + steps : undefined;
};

/** The frames in ascending order, one at a time. */
export function* framesOf({ ranges }: FrameSet): Generator<number> {
  for (const { first, last, step } of ranges) {
    for (let frame = first; frame <= last; frame += step) {
      yield frame;
    }
  }
}

const rangeToText = ({ first, last, step }: FrameRange): string => {
  if (first === last) {
    return String(first);
  }
  return step === 1 ? `${first}-${last}` : `${first}-${last}x${step}`;
};

/** The set in its normal form, such as `1-40,41-60x2`: without blanks, to be pasted into a command line. */
export const framesToText = ({ ranges }: Pick<FrameSet, 'ranges'>): string => ranges.map(rangeToText).join(',');

/**
 * The frames with these ordinals, which ascend, in the form of {@link framesToText}; `''` for none. Throws RangeError
 * outside the set. O(log ranges + ranges touched) for each run of ordinals.
 */
export const subsetToText = (frames: FrameSet, ordinals: Iterable<OrdinalRange>): string => {
  const collector = collectRanges();
  for (const { first, last } of ordinals) {
    for (let ordinal = first; ordinal <= last;) {
      const range = rangeAt(frames, ordinal);
      const frame = range.first + (ordinal - range.ordinal) * range.step;
      const count = Math.min(last - ordinal, (range.last - frame) / range.step) + 1;
      collector.add(frame, range.step, count);
      ordinal += count;
    }
  }
  return framesToText({ ranges: collector.finish() });
};
