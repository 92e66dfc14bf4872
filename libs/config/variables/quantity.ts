import { z } from 'zod';
import { describe } from '../meta.ts';

interface Bounds {
  units: Readonly<Record<string, number>>;
  /** The unit in which the bounds are told. */
  smallest: string;
  minimum: number | undefined;
  maximum: number | undefined;
  example: string;
}

/** A number with its unit (fractions allowed) as a whole count of the smallest one, within the bounds (both included). */
const quantity = ({
  units,
  smallest,
  minimum = 0,
  maximum = Number.MAX_SAFE_INTEGER,
  example,
}: Bounds) =>
  describe(
    z.string().transform((value, context) => {
      const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(value) ?? [];
      const whole = Math.round(Number(amount) * (units[unit] ?? Number.NaN));
      if (whole >= minimum && whole <= maximum) {
        return whole;
      }
      const names = Object.keys(units).filter((name) => name !== '');
      context.addIssue(
        Number.isNaN(whole)
          ? `must be a number with its unit: ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
          : `must be from ${minimum}${smallest} to ${maximum}${smallest}`,
      );
      return z.NEVER;
    }),
    { example },
  );

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A span of time, `250ms 30s 5m 2h 7d`, as milliseconds. */
export const duration = ({ minMs, maxMs }: { minMs?: number; maxMs?: number } = {}) =>
  quantity({ units: UNIT_MS, smallest: 'ms', minimum: minMs, maximum: maxMs, example: '30s' });

const UNIT_BYTES = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** A number of bytes, `64MiB 512KiB 2GiB 1TiB` or bare; powers of two only. */
export const size = ({ minBytes, maxBytes }: { minBytes?: number; maxBytes?: number } = {}) =>
  quantity({
    units: UNIT_BYTES,
    smallest: 'B',
    minimum: minBytes,
    maximum: maxBytes,
    example: '64MiB',
  });
