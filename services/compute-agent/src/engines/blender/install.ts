import { chmod, copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const SOURCE = new URL('./python/', import.meta.url).pathname;

/** Copies the driver to a folder that the user of the sandbox can read, because the checkout may be private. */
export const installDriver = async (folder: string): Promise<string> => {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  for (const name of await readdir(SOURCE)) {
    if (name.endsWith('.py')) {
      await copyFile(join(SOURCE, name), join(folder, name));
      await chmod(join(folder, name), 0o644);
    }
  }
  return folder;
};
