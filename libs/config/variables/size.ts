import { z } from 'zod';
import { describe } from '../meta.ts';

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** A number of bytes, `64MiB 512KiB 2GiB 1TiB` or bare, within the bounds (both included). Powers of two only. */
export const size = ({
  minBytes = 0,
  maxBytes = Number.MAX_SAFE_INTEGER,
}: { minBytes?: number; maxBytes?: number } = {}) =>
  describe(
    z.string().transform((value, context) => {
      const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|TiB)?$/.exec(value) ?? [];
      const bytes = Math.round(Number(amount) * (UNIT_BYTES[unit] ?? Number.NaN));
      if (Number.isNaN(bytes)) {
        context.addIssue('must be a number with its unit: B, KiB, MiB, GiB or TiB');
        return z.NEVER;
      }
      if (bytes < minBytes || bytes > maxBytes) {
        context.addIssue(`must be from ${minBytes}B to ${maxBytes}B`);
        return z.NEVER;
      }
      return bytes;
    }),
    { example: '64MiB' },
  );
