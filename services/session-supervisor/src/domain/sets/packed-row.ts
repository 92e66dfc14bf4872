import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { DomainError, status } from '#libs/errors/index.ts';
import { itemAt, nextItem, rowOf, type SparseRow } from './sparse-row.ts';

/** INTERNAL `SNAPSHOT_UNREADABLE`: this code did not write the stored form. The caller folds the journal from the start. */
export const snapshotUnreadable = (detail: string): DomainError =>
  new DomainError(
    status.INTERNAL,
    'SNAPSHOT_UNREADABLE',
    `a part of a snapshot cannot be read (${detail}); fold the journal from the start`,
    { detail },
  );

/** How a number is stored, little-endian: as 16 bits without a sign, or as 32 with one. */
type NumberBytes = 2 | 4;

/** A row as text for JSON: raw deflate, then base64. Long runs and patterns take nearly no space. */
export const packRow = (row: SparseRow<number>, length: number, each: NumberBytes): string => {
  const view = new DataView(new ArrayBuffer(length * each));
  for (let at = nextItem(row, 0); at >= 0; at = nextItem(row, at + 1)) {
    view[each === 2 ? 'setUint16' : 'setInt32'](at * each, itemAt(row, at), true);
  }
  return deflateRawSync(view, { level: 1 }).toString('base64');
};

/** Reads back what {@link packRow} wrote of `length` numbers. Throws `SNAPSHOT_UNREADABLE`. */
export const unpackRow = (text: string, length: number, each: NumberBytes): SparseRow<number> => {
  const maxOutputLength = Math.max(length * each, 1);
  let bytes: Buffer | undefined;
  try {
    bytes = inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength });
  } catch {
    // The check below throws.
  }
  if (bytes?.length !== length * each) {
    throw snapshotUnreadable(`not ${length * each} packed bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return rowOf(length, 0, (at) => view[each === 2 ? 'getUint16' : 'getInt32'](at * each, true));
};
