import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { DomainError, status } from '#libs/errors/index.ts';

/**
 * INTERNAL `SNAPSHOT_UNREADABLE`: the stored form was not written by this code. The caller folds the journal from the
 * start.
 */
export const snapshotUnreadable = (detail: string): DomainError =>
  new DomainError(
    status.INTERNAL,
    'SNAPSHOT_UNREADABLE',
    `a part of a snapshot cannot be read (${detail}); fold the journal from the start`,
    { detail },
  );

/** Bytes as text for JSON: raw deflate, then base64. Long runs and patterns take nearly no space. */
export const packBytes = (bytes: Uint8Array): string =>
  deflateRawSync(bytes, { level: 1 }).toString('base64');

/** Reads back what {@link packBytes} wrote of exactly `sizeBytes` bytes. Throws `SNAPSHOT_UNREADABLE`. */
export const unpackBytes = (text: string, sizeBytes: number): DataView => {
  let bytes: Buffer | undefined;
  try {
    bytes = inflateRawSync(Buffer.from(text, 'base64'), {
      maxOutputLength: Math.max(sizeBytes, 1),
    });
  } catch {
    // The check below throws.
  }
  if (bytes?.length !== sizeBytes) {
    throw snapshotUnreadable(`not ${sizeBytes} packed bytes`);
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};
