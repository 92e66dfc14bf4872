import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * A password that is made once and kept in a file that only its owner can read. Base64url, so that it fits into URLs
 * and configuration files as it is.
 *
 * @param bytes how much chance is in it
 */
export const keptSecret = async (file: string, bytes = 24): Promise<string> => {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  try {
    await writeFile(file, randomBytes(bytes).toString('base64url'), { mode: 0o600, flag: 'wx' });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
  return (await readFile(file, 'utf8')).trim();
};
