import { realpath } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { inputUnreadable, precondition, textOf } from '../failures.ts';
import { listed, plural, printable } from '../formats.ts';
import { checkName } from '../raw-names.ts';
import type { Collected, MissingFile } from './collect.ts';
import { commonFolder } from './place-files.ts';

const isBelow = (folder: string, path: string): boolean => {
  const rest = relative(folder, path);
  return rest !== '..' && !rest.startsWith('../');
};

/** The path without links. Throws INVALID_ARGUMENT `INPUT_UNREADABLE`, `NAME_NOT_UTF8`. */
const realPath = async (path: string): Promise<string> => {
  await checkName(path);
  return realpath(path).catch((error: unknown) => {
    throw inputUnreadable(path, textOf(error), error);
  });
};

/**
 * Checks that all files are in the project's folder or below what was included, links followed, because a stranger's project
 * must not carry off other files. The .blend that was named may be anywhere. Throws FAILED_PRECONDITION `OUTSIDE_PROJECT`,
 * INVALID_ARGUMENT `INPUT_UNREADABLE`, `NAME_NOT_UTF8`.
 */
export const checkInside = async (
  { files }: Pick<Collected, 'files'>,
  folder: string,
  included: readonly string[],
): Promise<void> => {
  const folders = await Promise.all([folder, ...included].map(realPath));
  const outside: string[] = [];
  for (const { source } of files.slice(1)) {
    const real = await realPath(source);
    if (!folders.some((each) => isBelow(each, real))) {
      outside.push(real);
    }
  }
  if (outside.length > 0) {
    const what = `${plural(outside.length, 'file')} of the scene ${outside.length === 1 ? 'is' : 'are'}`;
    const including = `--include ${printable(commonFolder(outside.map((path) => dirname(path))))}`;
    throw precondition(
      'OUTSIDE_PROJECT',
      `${what} outside of ${printable(folder)}: ${listed(outside)}; to send what is there too, add ${including}, or render the folder that holds everything`,
    );
  }
};

/** Which files may be missing: all, or those that a pattern matches. */
export type Allowance = boolean | readonly string[];

/** `*` stands for any characters, `?` for one; matches the path as the .blend has it, or its last part. */
export const isAllowed = (path: string, allowed: Allowance): boolean => {
  if (typeof allowed === 'boolean') {
    return allowed;
  }
  const name = path.replaceAll('\\', '/').split('/').at(-1) ?? '';
  return allowed.some((pattern) => {
    const source = RegExp.escape(pattern).replaceAll('\\*', '.*').replaceAll('\\?', '.');
    const matcher = new RegExp(`^${source}$`, 's');
    return matcher.test(path) || matcher.test(name);
  });
};

/** Throws FAILED_PRECONDITION `MISSING_ASSETS` unless all files that pictures can show are there and whole, or may be missing. */
export const checkMissing = (missing: readonly MissingFile[], allowed: Allowance): void => {
  const refused = missing.filter(({ path }) => !isAllowed(path, allowed));
  if (refused.length > 0) {
    const names = refused.map(
      ({ kind, path, flaw }) =>
        `${kind} ${path || 'beside the file'}${flaw === undefined ? '' : ` (${flaw})`}`,
    );
    const isAbsent = refused.some(({ flaw }) => flaw === undefined);
    const isFlawed = refused.some(({ flaw }) => flaw !== undefined);
    const what = [isAbsent ? 'missing' : '', isFlawed ? 'unreadable' : ''].filter(Boolean);
    const isRaw = refused.some(({ path }) => !path.isWellFormed());
    const raw = isRaw
      ? '; a name with \\x… is not UTF-8 and cannot travel: rename the file, and set its path in Blender anew'
      : '';
    const [are, them] = refused.length === 1 ? ['is', 'it'] : ['are', 'them'];
    throw precondition(
      'MISSING_ASSETS',
      `${plural(refused.length, 'file')} that the scene shows ${are} ${what.join(' or ')}: ${listed(names)}${raw}; put ${them} where the .blend says, pack ${them} (File > External Data > Pack Resources), or render without ${them}: --allow-missing PATTERN`,
      { files: names.slice(0, 100).join('\n') },
    );
  }
};
