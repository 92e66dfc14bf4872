import { chmod, chown, mkdir, rm } from 'node:fs/promises';
import { NOBODY } from './profile.ts';
import type { Sandbox } from './sandbox.ts';

/** Gives a folder to the user of the confined program, and closes it to all others. */
export const own = async (asRoot: boolean, path: string): Promise<void> => {
  await chmod(path, 0o700);
  if (asRoot) {
    await chown(path, NOBODY, NOBODY);
  }
};

/** Creates an empty work folder to which only the confined program and the agent can write. Removes an older one. */
export const makeWorkDir = async (sandbox: Sandbox, path: string): Promise<void> => {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true });
  await own(sandbox.kind === 'bubblewrap' && sandbox.asRoot, path);
};
