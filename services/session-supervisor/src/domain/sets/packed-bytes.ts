import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { DomainError, status } from '#libs/errors/index.ts';

/** INTERNAL `SNAPSHOT_UNREADABLE`: a stored form that nothing here wrote; fold the journal from the start instead. */
export const snapshotUnreadable = (detail: string): DomainError =>
  new DomainError(
    status.INTERNAL,
    'SNAPSHOT_UNREADABLE',
    `a part of a snapshot cannot be read (${detail}); fold the journal from the start`,
    { detail },
  );

/** Bytes as text that fits into JSON: raw deflate, base64. Long runs and patterns take next to nothing. */
export const packBytes = (bytes: Uint8Array): string => deflateRawSync(bytes, { level: 1 }).toString('base64');

/** Reads back what {@link packBytes} wrote of exactly `sizeBytes` bytes. Throws `SNAPSHOT_UNREADABLE`. */
export const unpackBytes = (text: string, sizeBytes: number): DataView => {
  let bytes: Buffer | undefined;
  try {
    bytes = inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: Math.max(sizeBytes, 1) });
  } catch {
    // Said below.
  }
  if (bytes?.length !== sizeBytes) {
    throw snapshotUnreadable(`not ${sizeBytes} packed bytes`);
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};
