import { hash } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const SOURCE = new URL('./python/', import.meta.url).pathname;

const fileNames = async (): Promise<string[]> =>
  (await readdir(SOURCE)).filter((name) => name.endsWith('.py')).sort();

/** Tells one state of the driver from another: what failed with an older one may work now. */
export const driverHash = async (): Promise<string> => {
  const files = (await fileNames()).map((name) => readFile(join(SOURCE, name)));
  return hash('sha256', Buffer.concat(await Promise.all(files)));
};

/** Copies the driver to a folder that the user of the sandbox can read, because the checkout may be private. */
export const installDriver = async (folder: string): Promise<string> => {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  for (const name of await fileNames()) {
    await copyFile(join(SOURCE, name), join(folder, name));
    await chmod(join(folder, name), 0o644);
  }
  return folder;
};
