import { existsSync, readlinkSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { isOfSystem } from '#libs/programs/index.ts';

const MAX_LINKS = 20;

/**
 * The host's files that a command line needs beside the system's, as absolute paths: the program and what its links
 * lead to, each with its Python installation, and the files and folders that the arguments name.
 */
export const filesOf = ([program = '', ...args]: readonly string[]): string[] => {
  const found = new Set<string>();
  for (const path of linksOf(program).filter((each) => !isOfSystem(each))) {
    found.add(pythonOf(path) ?? path);
  }
  for (const path of args) {
    if (isAbsolute(path) && !isOfSystem(`${path}/`) && existsSync(path)) {
      found.add(path);
    }
  }
  return [...found];
};

/** The path, and each path that its links lead to. */
const linksOf = (path: string): string[] => {
  const steps = [path];
  try {
    for (let at = path; steps.length < MAX_LINKS; steps.push(at)) {
      at = resolve(dirname(at), readlinkSync(at));
    }
  } catch {
    // readlink fails at the last path, which is no link.
  }
  return steps;
};

/** The folder of a Python installation or virtual environment, by its program; undefined: it is none. */
const pythonOf = (path: string): string | undefined => {
  if (basename(dirname(path)) !== 'bin') {
    return undefined;
  }
  const root = dirname(dirname(path));
  const isPython =
    existsSync(join(root, 'pyvenv.cfg')) || isFolder(join(root, 'lib', versionOf(path)));
  return isPython ? root : undefined;
};

const versionOf = (path: string): string => /^python\d+\.\d+/.exec(basename(path))?.[0] ?? 'python';

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};
