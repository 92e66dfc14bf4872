import { createHash } from 'node:crypto';
import { MAX_BLOB_NAME_CHARS } from '#libs/mesh/index.ts';

/** Whether a text may be shown as a file name. It never becomes part of a path. */
export const isFileName = (text: string): boolean =>
  text.length >= 1 && text.length <= 255 && !/[/\\\p{Cc}]/u.test(text);

const PREFIX = /^(?:[a-z0-9-][a-z0-9./-]*)?$/;

/** Whether names of blobs can begin with this text; all begin with the empty one. */
export const isPrefix = (text: string): boolean =>
  text.length <= MAX_BLOB_NAME_CHARS &&
  PREFIX.test(text) &&
  !text.includes('..') &&
  !text.includes('//');

/** The folder of a customer's uploads: always a hash, because an id that is used as it is could equal the hash of another. */
export const ownerFolder = (customerId: string): string =>
  `c${createHash('sha256').update(`muster customer\n${customerId}`).digest('hex').slice(0, 32)}`;
