import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';

/** Replaces a file at once: readers see the old content or the new one. Only its owner may read it: most of it proves who calls. */
export const writePrivate = async (path: string, text: string): Promise<void> => {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
};

export const writePrivateJson = (path: string, value: unknown): Promise<void> =>
  writePrivate(path, `${JSON.stringify(value, null, 2)}\n`);

export const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
};

/** The file's text; the first call makes and writes it. */
export const keepPrivate = async (
  path: string,
  make: () => string | Promise<string>,
): Promise<string> => {
  const kept = await readIfThere(path);
  if (kept !== undefined && kept.trim() !== '') {
    return kept.trim();
  }
  const made = await make();
  await writePrivate(path, `${made}\n`);
  return made;
};
