import { isUtf8 } from 'node:buffer';

/** Bytes that are not UTF-8 go here, as in Python's `surrogateescape` (PEP 383). No well-formed text has these. */
const ESCAPED = 0xdc00;

const charAt = (bytes: Buffer, at: number): Buffer | undefined =>
  [1, 2, 3, 4].map((length) => bytes.subarray(at, at + length)).find((char) => isUtf8(char));

/**
 * The text of bytes such as those of a file's name. Each byte that is not UTF-8 becomes a lone surrogate, U+DC80 for 0x80 and so
 * on: different bytes stay different texts, and `isWellFormed()` tells such a text.
 */
export const rawText = (bytes: Buffer): string => {
  if (isUtf8(bytes)) {
    return bytes.toString();
  }
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const char = charAt(bytes, at);
    text += char?.toString() ?? String.fromCharCode(ESCAPED + (bytes[at] ?? 0));
    at += char?.length ?? 1;
  }
  return text;
};
