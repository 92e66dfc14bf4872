import { MAX_INDICES } from '#libs/mesh/index.ts';
import { collectRanges, type RangeCollector } from './index-ranges.ts';
import {
  indicesInvalid,
  indicesTooComplex,
  indicesTooMany,
  MAX_INDEX,
  type IndexSet,
} from './index-set.ts';

/** Longest accepted expression, in characters. */
const MAX_TEXT = 64 * 1_024;

/** Most ranges of a set. The longest expression does not hold more single indices than this. */
const MAX_RANGES = 16_384;

/** Most indices that are marked one by one if ranges with steps interleave. Bounds the time of hostile expressions. */
const MAX_MARKS = 4 * MAX_INDICES;

/** One part of an expression, in ascending order. `last` belongs to it. */
interface Part {
  first: number;
  last: number;
  step: number;
}

/** Reads an expression from left to right. Every error names the position. */
const scanner = (text: string) => {
  let at = 0;
  /** Takes what a sticky pattern matches after blanks; '' if that is nothing. */
  const take = (pattern: RegExp): string => {
    while (text[at] === ' ' || text[at] === '\t') {
      at += 1;
    }
    pattern.lastIndex = at;
    const taken = pattern.exec(text)?.[0] ?? '';
    at += taken.length;
    return taken;
  };
  const fail = (expected: string, position = at, examples?: string): never => {
    const found =
      position < text.length ? JSON.stringify(text.slice(position, position + 12)) : 'the end';
    throw indicesInvalid(position + 1, expected, found, examples);
  };
  const number = (expected: string, min: number, max: number): number => {
    const digits = take(/\d+/y);
    const value = Number(digits);
    const isRight = digits !== '' && value >= min && value <= max;
    return isRight ? value : fail(expected, at - digits.length);
  };
  return { take, number, fail, at: () => at, isAtEnd: () => at >= text.length };
};

type Scanner = ReturnType<typeof scanner>;

const indexNumber = (scan: Scanner): number =>
  scan.number(`a frame from 0 to ${MAX_INDEX}`, 0, MAX_INDEX);

/** `7`, `1-100`, `1-100x5`, `100-1x-1`: the sign of the step must fit the direction. Blender refuses `100-1` too. */
const parsePart = (scan: Scanner): Part => {
  const from = indexNumber(scan);
  const to = scan.take(/-/y) ? indexNumber(scan) : undefined;
  const end = scan.at() - String(to).length;
  if (to === undefined) {
    return { first: from, last: from, step: 1 };
  }
  let step = 1;
  if (scan.take(/x/iy)) {
    const isNegative = scan.take(/-/y) !== '';
    if (isNegative !== to < from && to !== from) {
      scan.fail(
        to < from
          ? 'a negative step, since the range descends,'
          : 'a positive step, since the range ascends,',
      );
    }
    step = scan.number(`a step from 1 to ${MAX_INDEX}`, 1, MAX_INDEX);
  } else if (to < from) {
    const meant = `${to}-${from}, or ${from}-${to}x-1 for a range that descends`;
    scan.fail(`a last frame from ${from} on`, end, meant);
  }
  const span = Math.floor(Math.abs(to - from) / step) * step;
  const first = to < from ? from - span : from;
  return { first, last: first + span, step: span === 0 ? 1 : step };
};

const parseParts = (text: string): Part[] => {
  const scan = scanner(text);
  const parts: Part[] = [];
  do {
    parts.push(parsePart(scan));
  } while (scan.take(/,/y));
  return scan.isAtEnd() ? parts : scan.fail('a comma or the end');
};

/** Joins parts that touch or overlap and have the same step in the same phase. The parts are sorted by their first index. */
const joinAlike = (parts: readonly Part[]): Part[] => {
  const joined: Part[] = [];
  const growing = new Map<string, Part>();
  for (const part of parts) {
    const key = `${part.step}/${part.first % part.step}`;
    const before = growing.get(key);
    if (before && part.first <= before.last + part.step) {
      before.last = Math.max(before.last, part.last);
    } else {
      const copy = { ...part };
      growing.set(key, copy);
      joined.push(copy);
    }
  }
  return joined;
};

/** Collects parts that interleave, by marking each index that they span. */
const collectInterleaved = (parts: readonly Part[], collector: RangeCollector): void => {
  const marks = parts.reduce((sum, { first, last, step }) => sum + (last - first) / step + 1, 0);
  if (marks > MAX_MARKS) {
    throw indicesTooComplex('too many ranges overlap');
  }
  const start = parts[0]?.first ?? 0;
  const end = parts.reduce((max, { last }) => Math.max(max, last), start);
  const bits = new Uint8Array(end - start + 1);
  for (const { first, last, step } of parts) {
    for (let index = first; index <= last; index += step) {
      bits[index - start] = 1;
    }
  }
  for (let at = bits.indexOf(1); at >= 0; at = bits.indexOf(1, at + 1)) {
    collector.add(start + at, 1, 1);
    if (collector.ranges() > MAX_RANGES) {
      return;
    }
  }
};

/** Groups parts that may interleave. The parts are sorted by their first index. */
const clustersOf = (parts: readonly Part[]): Part[][] => {
  const clusters: Part[][] = [];
  let end = -1;
  for (const part of parts) {
    if (part.first > end) {
      clusters.push([]);
    }
    clusters.at(-1)?.push(part);
    end = Math.max(end, part.last);
  }
  return clusters;
};

/**
 * Reads an index expression: numbers and ranges, separated by commas, such as `1-100`, `1-100x5` (every fifth),
 * `3,7,20-30`, `100-1x-1`. Parts may overlap and come in any order. The time is bounded for every text.
 *
 * Throws INVALID_ARGUMENT `FRAMES_INVALID`, `FRAMES_TOO_MANY` (over 1,000,000), `FRAMES_TOO_COMPLEX` (over 65,536 characters
 * or 16,384 ranges).
 */
export const parseIndices = (text: string): IndexSet => {
  if (text.length > MAX_TEXT) {
    throw indicesTooComplex(`the text has ${text.length} characters of at most ${MAX_TEXT}`);
  }
  const collector = collectRanges();
  const parts = parseParts(text).sort((a, b) => a.first - b.first);
  for (const cluster of clustersOf(joinAlike(parts))) {
    const [{ first, last, step } = { first: 0, last: 0, step: 1 }] = cluster;
    if (collector.ranges() > MAX_RANGES) {
      break;
    } else if (cluster.length > 1) {
      collectInterleaved(cluster, collector);
    } else {
      collector.add(first, step, (last - first) / step + 1);
    }
  }
  const ranges = collector.finish();
  const [start] = ranges;
  const end = ranges.at(-1);
  if (!start || !end || ranges.length > MAX_RANGES) {
    throw indicesTooComplex(`the indices fall into more than ${MAX_RANGES} ranges`);
  }
  const count = end.ordinal + (end.last - end.first) / end.step + 1;
  if (count > MAX_INDICES) {
    throw indicesTooMany(MAX_INDICES);
  }
  return { count, first: start.first, last: end.last, ranges };
};
