import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const PART = /^(.+)\.[0-9a-f]{12}\.part$/s;

/** Where the bytes of an unfinished download are. The hash is in the name, so bytes of different results never mix. */
export const partPath = (path: string, sha256: string): string =>
  `${path}.${sha256.slice(0, 12)}.part`;

/** The unfinished downloads in a folder, by the name of the file that they were to become. */
const partsIn = async (folder: string): Promise<Map<string, string[]>> => {
  const names = await readdir(folder).catch(() => []);
  return Map.groupBy(
    names.filter((name) => PART.test(name)),
    (name) => PART.exec(name)?.[1] ?? '',
  );
};

/** Removes unfinished downloads that an earlier command left and that nobody goes on with. Reads each folder once. */
export const createPartCleaner = () => {
  const folders = new Map<string, Promise<Map<string, string[]>>>();
  /** Those of `path`, but for the one of `keep`. */
  return async (path: string, keep?: string): Promise<void> => {
    const folder = dirname(path);
    const reading = folders.get(folder) ?? partsIn(folder);
    folders.set(folder, reading);
    const parts = (await reading).get(basename(path)) ?? [];
    const kept = keep === undefined ? '' : basename(partPath(path, keep));
    for (const part of parts.filter((name) => name !== kept)) {
      await rm(join(folder, part), { force: true });
    }
  };
};
