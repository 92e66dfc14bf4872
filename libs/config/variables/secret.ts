import { z } from 'zod';
import { describe } from '../meta.ts';

/**
 * A secret: `X` holds it, or `X_FILE` names the file that does (one newline at its end is dropped). Its value is never
 * repeated in a problem.
 */
export const secret = ({ minChars = 1 }: { minChars?: number } = {}) =>
  describe(z.string().min(minChars, `must have at least ${minChars} characters`), { isSecret: true });
