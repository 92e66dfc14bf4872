import { createHash } from 'node:crypto';
import { MAX_BLOB_NAME_CHARS } from '#libs/mesh/index.ts';

/** Whether a text can be shown as the name of a file. It never becomes part of a path. */
export const isFileName = (text: string): boolean =>
  text.length >= 1 && text.length <= 255 && !/[/\\\p{Cc}]/u.test(text);

const PREFIX = /^(?:[a-z0-9-][a-z0-9./-]*)?$/;

/** Whether names of blobs can begin so. Empty: all do. */
export const isPrefix = (text: string): boolean =>
  text.length <= MAX_BLOB_NAME_CHARS && PREFIX.test(text) && !text.includes('..') && !text.includes('//');

/**
 * The folder of a customer's uploads. Customer ids are callers' strings of any form, so a hash stands in for them:
 * always, as a folder that is sometimes the id itself could be the hash of somebody else's.
 */
export const ownerFolder = (customerId: string): string =>
  `c${createHash('sha256').update(`muster customer\n${customerId}`).digest('hex').slice(0, 32)}`;
