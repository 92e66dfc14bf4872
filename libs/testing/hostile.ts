import { inParallel } from '#libs/async/index.ts';
import { failureOf } from './refused.ts';

const CHARS = 120_000;
const LOOPS = 4;

/** Texts of 120 KB for which a pattern that can match the same in two ways takes seconds, or minutes. */
const hostileTexts: readonly string[] = ['a.', 'a', ' ', '(', '{"a":[', '://', 'bearer '].map(
  (part) => part.repeat(CHARS / part.length),
);

/** Makes each call with each hostile text, some at a time; answers how they were refused. */
export const withHostileTexts = async (
  ...calls: ((text: string) => Promise<unknown>)[]
): Promise<Set<string>> => {
  const reasons = new Set<string>();
  const asks = calls.flatMap((call) => hostileTexts.map((text) => () => call(text)));
  await inParallel(LOOPS, asks, async (ask) => {
    reasons.add((await failureOf(ask()))?.reason ?? 'answered');
  });
  return reasons;
};
