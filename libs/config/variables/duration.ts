import { z } from 'zod';
import { describe } from '../meta.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A span of time, `250ms 30s 5m 2h 7d` (fractions allowed), as milliseconds, within the bounds (both included). */
export const duration = ({
  minMs = 0,
  maxMs = Number.MAX_SAFE_INTEGER,
}: { minMs?: number; maxMs?: number } = {}) =>
  describe(
    z.string().transform((value, context) => {
      const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) ?? [];
      const ms = Math.round(Number(amount) * (UNIT_MS[unit] ?? Number.NaN));
      if (Number.isNaN(ms)) {
        context.addIssue('must be a number with its unit: ms, s, m, h or d');
        return z.NEVER;
      }
      if (ms < minMs || ms > maxMs) {
        context.addIssue(`must be from ${minMs}ms to ${maxMs}ms`);
        return z.NEVER;
      }
      return ms;
    }),
    { example: '30s' },
  );
