import { access, constants, stat } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartFailure } from './failure.ts';

/** Where `make setup` puts programs that the machine lacks or has in too old a version. */
const OWN_TOOLS = fileURLToPath(new URL('../../.tools/bin', import.meta.url));

export class ProgramMissing extends Error {
  override readonly name = 'ProgramMissing';
}

/**
 * The absolute path of a program. The project's own comes first, because it is installed only where the machine's is not
 * fit; then the first one on `path` (as in `PATH`; empty entries are ignored).
 *
 * @throws ProgramMissing when there is none
 */
export const findProgram = async (name: string, path: string | undefined): Promise<string> => {
  const folders = [OWN_TOOLS, ...(path ?? '').split(delimiter).filter((folder) => folder !== '')];
  for (const folder of folders) {
    const candidate = join(folder, name);
    if (await isExecutable(candidate)) {
      return candidate;
    }
  }
  throw new ProgramMissing(
    `${name} is not on this machine: run \`make setup\`, or put it on the PATH`,
  );
};

const isExecutable = async (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Throws StartFailure where no program is at this path, or it cannot be executed. */
export const checkProgram = async (program: string): Promise<void> => {
  const name = basename(program);
  const found = await stat(program).catch(() => undefined);
  if (found === undefined) {
    throw new StartFailure('PROGRAM_MISSING', name, `is not at ${program}; install it`);
  }
  if (!found.isFile() || !(await isExecutable(program))) {
    throw new StartFailure('PROGRAM_NOT_EXECUTABLE', name, `at ${program} may not be executed`);
  }
};

const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';

/** The absolute path of a program of the system. Throws StartFailure. */
export const systemProgram = (name: string): Promise<string> =>
  findProgram(name, SYSTEM_PATH).catch((thrown: unknown) => {
    throw new StartFailure('PROGRAM_MISSING', name, 'is not on this host; install it', {
      cause: thrown,
    });
  });
