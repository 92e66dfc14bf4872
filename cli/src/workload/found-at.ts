import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ResultFile } from '#libs/contracts/session.ts';
import { hashFile } from './upload.ts';

/** What is at a path; undefined if nothing is. */
export const foundAt = (path: string): Promise<Stats | undefined> =>
  stat(path).catch(() => undefined);

/** Whether a path has the very bytes of a result, other ones, or nothing. */
export const compareWith = async (
  path: string,
  { sizeBytes, sha256 }: Pick<ResultFile, 'sizeBytes' | 'sha256'>,
): Promise<'same' | 'other' | 'nothing'> => {
  const found = await foundAt(path);
  if (found === undefined) {
    return 'nothing';
  }
  const isSame =
    found.isFile() && found.size === sizeBytes && (await hashFile(path).catch(() => '')) === sha256;
  return isSame ? 'same' : 'other';
};
