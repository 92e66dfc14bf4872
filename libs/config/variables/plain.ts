import { existsSync } from 'node:fs';
import { z } from 'zod';
import { isId } from '#libs/mesh/ids.ts';
import { describe } from '../meta.ts';

/** Any text but the empty one. */
export const text = (example?: string) =>
  describe(z.string(), example === undefined ? {} : { example });

/** A whole number in decimal, within the bounds (both included). */
export const integer = ({
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
}: { min?: number; max?: number } = {}) =>
  describe(
    z
      .string()
      .refine(
        (value) => /^-?\d{1,16}$/.test(value) && Number(value) >= min && Number(value) <= max,
        `must be a whole number from ${min} to ${max}`,
      )
      .transform(Number),
    { example: String(Math.max(min, Math.min(max, 1))) },
  );

const BOOLEANS: Readonly<Record<string, boolean>> = {
  1: true,
  true: true,
  yes: true,
  on: true,
  0: false,
  false: false,
  no: false,
  off: false,
};

/** `1 true yes on` or `0 false no off`, in any case. */
export const boolean = () =>
  describe(
    z.string().transform((value, context) => {
      const known = BOOLEANS[value.toLowerCase()];
      if (known === undefined) {
        context.addIssue('must be 1 or 0, true or false, yes or no, on or off');
        return z.NEVER;
      }
      return known;
    }),
    { example: '1' },
  );

/** One of a few words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(words: T) =>
  describe(z.enum(words, `must be one of ${words.join(', ')}`), { example: words[0] });

/** Words between commas. Blanks around a word are dropped, and so are empty words. */
export const list = (example: string) =>
  describe(
    z.string().transform((value) =>
      value
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== ''),
    ),
    { example },
  );

/** The path of a file that exists. */
export const filePath = () =>
  describe(z.string().refine(existsSync, 'must name a file that exists'), {
    example: '/etc/muster/file',
  });

/** An id as it may stand in subjects, paths and keys. */
export const identifier = (example: string) =>
  describe(z.string().refine(isId, 'must be 1 to 40 characters of a-z, 0-9 and -'), { example });
