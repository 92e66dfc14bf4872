/** Whether a list of numbers as the mesh writes it, `1-10,20-40x2`, contains a number. */
export type NumberList = (value: number) => boolean;

const PART = /^(\d{1,7})(?:-(\d{1,7})(?:x(\d{1,7}))?)?$/;

/** Reads such a list; an empty one contains nothing. Undefined where it is malformed. */
export const parseNumberList = (text: string): NumberList | undefined => {
  const ranges: { first: number; last: number; step: number }[] = [];
  for (const part of text === '' ? [] : text.split(',')) {
    const [, from, to = from, step = '1'] = PART.exec(part.trim()) ?? [];
    if (from === undefined || Number(step) === 0) {
      return undefined;
    }
    ranges.push({ first: Number(from), last: Number(to), step: Number(step) });
  }
  return (value) =>
    ranges.some(({ first, last, step }) => {
      const isWithin = value >= Math.min(first, last) && value <= Math.max(first, last);
      return isWithin && Math.abs(value - first) % step === 0;
    });
};
