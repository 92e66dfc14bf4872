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
  join(homedir(), 'blender*/blender'),
  join(homedir(), '.local/share/Steam/steamapps/common/Blender/blender'),
  '/snap/blender/current/blender',
  '/Applications/Blender*.app/Contents/MacOS/Blender',
];

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

/**
 * The Blenders that tell their version, one for each version, the first found of each. `wanted` are paths and names; if it is
 * empty, they are sought in the folders of `searchPath` (as in PATH) and in the usual places.
 */
export const findBlenders = async (
  wanted: readonly string[],
  searchPath: string,
): Promise<BlenderProgram[]> => {
  const names = wanted.length > 0 ? wanted : ['blender'];
  const places = names.flatMap((name) => placesOf(name, searchPath));
  if (wanted.length === 0) {
    places.push(...(await Array.fromAsync(glob(USUAL_PLACES))).sort());
  }
  const found = new Map<string, BlenderProgram>();
  for (const place of places) {
    const program = await realpath(place).catch(() => undefined);
    const version = program && (await versionOf(program).catch(() => undefined));
    if (program && version && !found.has(version)) {
      found.set(version, { program, version });
    }
  }
  return [...found.values()];
};
