import { z } from 'zod';
import { describe } from '../meta.ts';

/** A secret: `X` holds it, or `X_FILE` names the file that does (without one newline at its end). No problem repeats it. */
export const secret = ({ minChars = 1 }: { minChars?: number } = {}) =>
  describe(z.string().min(minChars, `must have at least ${minChars} characters`), {
    isSecret: true,
  });

/** A secret that `parse` turns into something else. If `parse` throws, the problem is `problem`. */
export const secretAs = <T>(parse: (text: string) => T, problem: string) =>
  describe(
    z.string().transform((value, context) => {
      try {
        return parse(value);
      } catch {
        context.addIssue(problem);
        return z.NEVER;
      }
    }),
    { isSecret: true },
  );

/** A URL of one of the schemes, also with several hosts between commas, kept as text; secret, as it may hold a password. */
export const url = (schemes: readonly string[]) =>
  describe(
    z
      .string()
      .regex(
        new RegExp(`^(${schemes.map((scheme) => RegExp.escape(scheme)).join('|')})://[^\\s/]+`),
        `must be a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
      ),
    { isSecret: true },
  );
