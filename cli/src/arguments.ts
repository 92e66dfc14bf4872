import { usage } from './failures.ts';

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Reads `90s`, `15m`, `12h`, `30d` as seconds. Throws INVALID_ARGUMENT `USAGE` on anything else. */
export const parseTtl = (text: string): number => {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  const seconds = Number(match?.[1] ?? 0) * (unitSeconds[match?.[2] ?? ''] ?? 0);
  if (seconds === 0) throw usage(`'${text}' is not a time to live; write 90s, 15m, 12h or 30d`);
  return seconds;
};

/** Reads a whole number within bounds. Throws INVALID_ARGUMENT `USAGE`. */
export const parseCount =
  (name: string, minimum: number, maximum: number) =>
  (text: string): number => {
    const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= minimum && value <= maximum)) {
      throw usage(`${name} is a whole number from ${minimum} to ${maximum}, not '${text}'`);
    }
    return value;
  };
