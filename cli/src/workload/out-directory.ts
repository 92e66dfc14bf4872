import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { outputUnwritable } from '../failures.ts';
import { checkName } from '../raw-names.ts';

/**
 * The absolute path of a directory for results, after a check that files can be written there. It is made when there is
 * something to write. Throws INVALID_ARGUMENT `OUTPUT_UNWRITABLE`, `NAME_NOT_UTF8`.
 */
export const outDirectory = async (cwd: string, path: string): Promise<string> => {
  const directory = resolve(cwd, path);
  await checkName(directory);
  const existing = await nearestExisting(directory);
  if (!(await stat(existing)).isDirectory()) {
    throw outputUnwritable(existing, 'is not a directory');
  }
  await access(existing, constants.W_OK | constants.X_OK).catch((cause: unknown) => {
    throw outputUnwritable(existing, 'may not be written to', cause);
  });
  return directory;
};

const nearestExisting = async (path: string): Promise<string> => {
  try {
    await stat(path);
    return path;
  } catch (cause) {
    if (dirname(path) === path) {
      throw outputUnwritable(path, 'is not there', cause);
    }
    return nearestExisting(dirname(path));
  }
};
