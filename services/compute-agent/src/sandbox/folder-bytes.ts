import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const BLOCK_BYTES = 512;
const MOST_ENTRIES = 100_000;

/**
 * The bytes that a folder takes on disk, without following links. Stops counting beyond `enough` bytes. A
 * folder with more than 100,000 files counts as infinite.
 */
export const folderBytes = async (folder: string, enough = Infinity): Promise<number> => {
  let bytes = 0;
  let entries = 0;
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined && bytes <= enough; next = waiting.pop()) {
    const found = await readdir(next, { withFileTypes: true }).catch(() => []);
    entries += found.length;
    if (entries > MOST_ENTRIES) {
      return Infinity;
    }
    for (const entry of found) {
      const path = join(next, entry.name);
      bytes += ((await lstat(path).catch(() => undefined))?.blocks ?? 0) * BLOCK_BYTES;
      if (entry.isDirectory()) {
        waiting.push(path);
      }
    }
  }
  return bytes;
};
