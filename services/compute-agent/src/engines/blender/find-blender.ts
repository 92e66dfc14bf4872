import { execFile } from 'node:child_process';
import { glob, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface BlenderProgram {
  /** Absolute, links resolved. */
  program: string;
  /** `3.4.1`. */
  version: string;
}

/** Where people unpack Blender's archives, and where Steam, Snap and macOS put it. */
const USUAL_PLACES = [
  '/opt/blender*/blender',
  '/usr/local/blender*/blender',
  '/snap/blender/current/blender',
  '/Applications/Blender*.app/Contents/MacOS/Blender',
];
const USUAL_PLACES_AT_HOME = [
  'blender*/blender',
  '.local/share/Steam/steamapps/common/Blender/blender',
];

const usualPlaces = (): string[] => {
  try {
    return [...USUAL_PLACES, ...USUAL_PLACES_AT_HOME.map((place) => join(homedir(), place))];
  } catch {
    // A container may have no home for its user.
    return USUAL_PLACES;
  }
};

const versionOf = async (program: string): Promise<string | undefined> => {
  const { stdout } = await run(program, ['--version'], { timeout: 60_000 });
  return /^Blender (\d+\.\d+(\.\d+)?)/m.exec(stdout)?.[1];
};

/** The places where a Blender may be: a path itself, or a name in the folders of PATH. */
const placesOf = (nameOrPath: string, searchPath: string): string[] =>
  nameOrPath.includes('/')
    ? [nameOrPath]
    : searchPath
        .split(delimiter)
        .filter(isAbsolute)
        .map((folder) => join(folder, nameOrPath));

const installed = async (): Promise<string[]> =>
  (await Array.fromAsync(glob(usualPlaces()))).sort();

/**
 * The Blenders that tell their version, one for each version, the first found of each. `wanted` are paths and names; if it is
 * empty, they are sought in the folders of `searchPath` (as in PATH) and in the usual places. `absent` are those of `wanted`
 * that are no Blender.
 */
export const findBlenders = async (
  wanted: readonly string[],
  searchPath: string,
): Promise<{ found: BlenderProgram[]; absent: string[] }> => {
  const names = wanted.length > 0 ? wanted : ['blender', ...(await installed())];
  const found = new Map<string, BlenderProgram>();
  const absent: string[] = [];
  for (const name of names) {
    let isThere = false;
    for (const place of placesOf(name, searchPath)) {
      const program = await realpath(place).catch(() => undefined);
      const version = program && (await versionOf(program).catch(() => undefined));
      if (program && version) {
        isThere = true;
        found.set(version, found.get(version) ?? { program, version });
      }
    }
    if (!isThere && wanted.length > 0) {
      absent.push(name);
    }
  }
  return { found: [...found.values()], absent };
};
