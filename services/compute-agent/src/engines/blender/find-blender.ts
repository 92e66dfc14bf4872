import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface BlenderProgram {
  /** Absolute, links resolved. */
  program: string;
  /** `3.4.1`. */
  version: string;
}

const versionOf = async (program: string): Promise<string | undefined> => {
  const { stdout } = await run(program, ['--version'], { timeout: 60_000 });
  return /^Blender (\d+\.\d+(\.\d+)?)/m.exec(stdout)?.[1];
};

/** The first Blender that tells its version: by its path, or by its name in the folders of `searchPath` (as in PATH). */
export const findBlender = async (
  nameOrPath: string,
  searchPath: string,
): Promise<BlenderProgram | undefined> => {
  const places = nameOrPath.includes('/')
    ? [nameOrPath]
    : searchPath
        .split(delimiter)
        .filter(isAbsolute)
        .map((folder) => join(folder, nameOrPath));
  for (const place of places) {
    const program = await realpath(place).catch(() => undefined);
    const version = program && (await versionOf(program).catch(() => undefined));
    if (program && version) {
      return { program, version };
    }
  }
  return undefined;
};
