import type { LogFindings } from './log-reader.ts';

const TIME = /^-?\d+(?:\.\d*)?(?:e[-+]?\d+)?$/i;

/** Whether a folder of a case is that of a time. `0.orig` and `0b` are none. */
export const isTimeName = (name: string): boolean =>
  name.length <= 64 && TIME.test(name) && Number.isFinite(Number(name));

/** The names of times, as they are written, from the earliest on. */
export const timesIn = (names: Iterable<string>): string[] =>
  [...names].filter(isTimeName).sort((a, b) => Number(a) - Number(b));

/**
 * The times of which the log says that they are completely written. No file says so: `uniform/time` is written first, and function
 * objects write after the line that ends a step. Only a line of a later step that needs all ranks proves it, or the end.
 *
 * @param times of the case, names as they are written
 */
export const completeTimes = (
  times: readonly string[],
  { isEnded, solvingAt }: Pick<LogFindings, 'isEnded' | 'solvingAt'>,
): string[] =>
  times.filter((time) => isEnded || (solvingAt !== undefined && Number(time) < solvingAt));

/** A file of a time. */
export interface TimeFile {
  /** Below the folder of the time: `U`, `uniform/time`. */
  path: string;
  /** Whether it ends as OpenFOAM ends a file, or is packed and does not tell. */
  isWhole: boolean;
}

const FOOTER = /\/\/ \*{20,100} \/\/\s*$/;
/** So many characters of the end of a file are enough to tell. */
export const FOOTER_CHARS = 160;

/** Whether a file ends with OpenFOAM's footer, given its last {@link FOOTER_CHARS} characters. */
export const hasFooter = (end: string): boolean => FOOTER.test(end.slice(-FOOTER_CHARS));

/**
 * What is wrong with a time from which a solver is to go on, compared with those written before: a missing `phi` or `uniform/`
 * is accepted by OpenFOAM without a word, and the results come out otherwise. Undefined: nothing.
 *
 * @param earlier the paths of each time that was written before it
 */
export const flawOf = (
  files: readonly TimeFile[],
  earlier: readonly ReadonlySet<string>[],
): string | undefined => {
  const cut = files.find(({ isWhole }) => !isWhole);
  if (cut !== undefined) {
    return `${cut.path} has no end`;
  }
  const here = new Set(files.map(({ path }) => path));
  if (here.size === 0) {
    return 'it is empty';
  }
  const [first = new Set<string>(), ...others] = earlier;
  const always = [...first].filter((path) => others.every((each) => each.has(path)));
  const missing = always.find((path) => !here.has(path));
  return missing === undefined ? undefined : `${missing} is missing`;
};
