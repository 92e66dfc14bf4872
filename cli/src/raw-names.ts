import { isUtf8 } from 'node:buffer';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { rawText } from '#libs/blend/raw-text.ts';
import { usage } from './failures.ts';
import { printable } from './formats.ts';

/** What Node reads in place of bytes that are not UTF-8. A path that has it leads nowhere. */
const REPLACEMENT = '\uFFFD';

/**
 * The real name of what `path`, an absolute one, was meant to name, up to the first part that is not UTF-8. As far as nothing of
 * that name is there, the path as it is. For people, in visible escapes.
 */
const realName = async (path: string): Promise<string> => {
  let folder = '/';
  for (const part of path.split('/').filter((each) => each !== '')) {
    if (part.includes(REPLACEMENT)) {
      const names = await readdir(folder, { encoding: 'buffer' }).catch(() => []);
      const real = names.find((name) => !isUtf8(name) && name.toString() === part);
      return printable(real === undefined ? path : join(folder, rawText(real)));
    }
    folder = join(folder, part);
  }
  return printable(path);
};

/** Throws INVALID_ARGUMENT `NAME_NOT_UTF8` for an absolute path that is not UTF-8. */
export const checkName = async (path: string): Promise<void> => {
  if (path.includes(REPLACEMENT)) {
    throw usage(
      `${await realName(path)}: this name is not UTF-8, and other machines could not find it; rename it (convmv -f latin1 -t utf8 --notest PATH) and, if a .blend reads it, set its path there anew`,
      'NAME_NOT_UTF8',
    );
  }
};
