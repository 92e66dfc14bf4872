import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where `make setup` puts programs that the machine lacks or has in too old a version. */
const OWN_TOOLS = fileURLToPath(new URL('../../.tools/bin', import.meta.url));

/** A program is not on this machine. */
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
    if (await isExecutable(candidate)) return candidate;
  }
  throw new ProgramMissing(`${name} is not on this machine: run \`make setup\`, or put it on the PATH`);
};

const isExecutable = async (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
