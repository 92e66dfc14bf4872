import { DomainError, status } from '#libs/errors/index.ts';

export interface ByteRange {
  offset: number;
  /** How many bytes; undefined: up to the end. */
  count: number | undefined;
}

/** The range that a request asks for: a length of 0 means everything from the offset on. */
export const rangeOf = (offset: number, lengthBytes: number): ByteRange => ({
  offset,
  count: lengthBytes === 0 ? undefined : lengthBytes,
});

/** A blob's length by `Content-Range: bytes 5-9/100` (RFC 9110 §14.4), or by `Content-Length`; undefined if neither has it. */
export const totalBytes = (
  contentRange: string | undefined,
  contentLength: number | undefined,
): number | undefined => {
  const total = contentRange === undefined ? undefined : /\/(\d+)$/.exec(contentRange)?.[1];
  return total === undefined ? contentLength : Number(total);
};

/** Throws OUT_OF_RANGE if a range begins at or after the end. Offset 0 of an empty blob is allowed and gives nothing. */
export const checkRange = (offset: number, total: number): void => {
  if (offset < total || (offset === 0 && total === 0)) {
    return;
  }
  throw new DomainError(
    status.OUT_OF_RANGE,
    'RANGE_NOT_SATISFIABLE',
    `the blob has ${total} bytes; ask for an offset below that`,
    { offset, total_bytes: total },
  );
};
