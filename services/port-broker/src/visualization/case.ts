import type { Dirent } from 'node:fs';
import { open, opendir, realpath, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, sep } from 'node:path';
import { DomainError, status } from '#libs/errors/index.ts';

/** What a server is for. */
export type Source = { kind: 'folder'; folder: string } | { kind: 'object'; objectId: string };

/** NOT_FOUND `CASE_NOT_FOUND`. */
const caseNotFound = (folder: string, roots: readonly string[]): DomainError =>
  new DomainError(
    status.NOT_FOUND,
    'CASE_NOT_FOUND',
    roots.length === 0
      ? `no folder of cases is configured on this host; set MUSTER_PORT_CASE_ROOTS`
      : `there is no folder ${folder} below ${roots.join(', ')} on the host of the broker`,
    { case: folder },
  );

const notACase = (folder: string): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'NOT_A_CASE',
    `${folder} has no system/controlDict; name the folder of an OpenFOAM case`,
    { case: folder },
  );

const notWritable = (folder: string, cause: unknown): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'CASE_NOT_WRITABLE',
    `the broker cannot write a file into ${folder}; let its user do so`,
    { case: folder },
    { cause },
  );

/** Throws CASE_NOT_READABLE if a case is closed to the user of its server. */
export const checkReadable = async (folder: string, user: { uid: number }): Promise<void> => {
  for (const path of [folder, join(folder, 'system'), join(folder, 'system', 'controlDict')]) {
    const found = await stat(path);
    const needed = found.isDirectory() ? 0o5 : 0o4;
    if (found.uid !== user.uid && (found.mode & needed) !== needed) {
      throw notReadable(path);
    }
  }
};

const notReadable = (path: string): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'CASE_NOT_READABLE',
    `servers do not run as root, and ${path} is closed to others; give the case to an ordinary user (chown -R), or let all read it (chmod -R a+rX)`,
    { case: path },
  );

/**
 * The real path of a case's folder. Throws NOT_A_CASE, and CASE_NOT_FOUND if the path is not below one of the roots.
 */
export const findCase = async (folder: string, roots: readonly string[]): Promise<string> => {
  const found = isAbsolute(folder) ? await realpath(folder).catch(() => undefined) : undefined;
  const tops = await Promise.all(roots.map((root) => realpath(root).catch(() => undefined)));
  const isBelow = tops.some(
    (top) => top !== undefined && found !== undefined && (found + sep).startsWith(top + sep),
  );
  if (found === undefined || !isBelow) {
    throw caseNotFound(folder, roots);
  }
  await checkCase(found, folder);
  return found;
};

/**
 * The case in an unpacked archive: the folder itself, or the only folder in it. Throws NOT_A_CASE, which names it
 * `named`.
 */
export const caseWithin = async (folder: string, named: string): Promise<string> => {
  const entries: Dirent[] = [];
  for await (const entry of await opendir(folder)) {
    entries.push(entry);
    // A customer decides how many there are.
    if (entries.length > 1) {
      break;
    }
  }
  const [only] = entries;
  const inner =
    entries.length === 1 && only?.isDirectory() === true ? join(folder, only.name) : folder;
  await checkCase(inner, named);
  return inner;
};

const checkCase = async (folder: string, named: string): Promise<void> => {
  const dictionary = await stat(join(folder, 'system', 'controlDict')).catch(() => undefined);
  if (dictionary?.isFile() !== true) {
    throw notACase(named);
  }
};

/**
 * Makes the empty file by which ParaView recognises a case. It never opens an existing file, because a link could lead to another one.
 * Returns its name.
 */
export const markCase = async (folder: string): Promise<string> => {
  const name = `${basename(folder).replaceAll(/[^\w.-]/g, '_')}.foam`;
  try {
    await (await open(join(folder, name), 'wx', 0o644)).close();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw notWritable(folder, thrown);
    }
  }
  return name;
};
