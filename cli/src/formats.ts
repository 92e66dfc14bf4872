/** A span for people: `0.4 s`, `12.3 s`, `4 min 05 s`, `2 h 03 min`, `3 d 04 h`. */
export const formatSeconds = (seconds: number): string => {
  if (!Number.isFinite(seconds) || seconds < 0) {
    return '–';
  }
  if (seconds < 59.95) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 3_600) {
    return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) {
    return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
  }
  const hours = Math.round(seconds / 3_600);
  return `${Math.floor(hours / 24)} d ${pad(hours % 24)} h`;
};

const pad = (value: number): string => String(value).padStart(2, '0');

/** A size for people, in binary units: `0 B`, `17.3 KiB`, `2.0 GiB`. */
export const formatBytes = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${units[unit]}`;
};

/** An instant in UTC without fractions: `2025-01-31 12:00:00Z`; `–` for none. */
export const formatInstant = (instant: Date | undefined): string =>
  instant === undefined ? '–' : `${instant.toISOString().slice(0, 19).replace('T', ' ')}Z`;

/** `WORKLOAD_STATE_RUNNING` as people say it: `running`. */
export const formatEnum = (value: string, prefix: string): string =>
  (value.startsWith(prefix) ? value.slice(prefix.length) : value)
    .toLowerCase()
    .replaceAll('_', ' ');

export { plural } from '#libs/mesh/plural.ts';

/** What steers a terminal or hides text: controls, line ends, marks of direction, halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const escaped = (char: string): string => {
  const code = char.codePointAt(0) ?? 0;
  const hex = (digits: number, value = code): string => value.toString(16).padStart(digits, '0');
  if (code >= 0xdc80 && code <= 0xdcff) {
    // A byte of a file's name that is not UTF-8; see `rawText` of libs/blend.
    return `\\x${hex(2, code - 0xdc00)}`;
  }
  if (code > 0xffff) {
    return `\\u{${hex(1)}}`;
  }
  return SHORT[char] ?? (code < 0x80 ? `\\x${hex(2)}` : `\\u${hex(4)}`);
};

/**
 * Text that came from outside, for people: whatever could steer the terminal, begin a line or hide text becomes a visible
 * escape, such as `\x1b`. Everything that others may have chosen goes through this before it is printed; `--json` has it as it is.
 */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped);

/** Names that others chose, as many as a person reads: `a.png, b.png and 7 more`. */
export const listed = (names: readonly string[], most = 10): string =>
  names.slice(0, most).map(printable).join(', ') +
  (names.length > most ? ` and ${names.length - most} more` : '');
