import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { sceneDamaged } from './errors.ts';

/** Which scene: 64 lower-case hexadecimal digits, and how long it is. */
export interface SceneId {
  sha256: string;
  sizeBytes: number;
}

/** Gets the bytes of a scene from where they are kept. */
export type Fetch = (signal: AbortSignal) => AsyncIterable<Uint8Array>;

/**
 * Writes what is fetched to a new file and makes sure of it on disk. Throws DATA_LOSS `SCENE_DAMAGED` when it is longer,
 * shorter or other than it should be.
 */
export const download = async (
  { sha256, sizeBytes }: SceneId,
  file: string,
  fetch: Fetch,
  signal: AbortSignal,
): Promise<void> => {
  const hash = createHash('sha256');
  let size = 0;
  const handle = await open(file, 'wx', 0o444);
  try {
    for await (const chunk of fetch(signal)) {
      size += chunk.length;
      if (size > sizeBytes) {
        throw sceneDamaged(sha256, `more than ${sizeBytes} bytes`);
      }
      hash.update(chunk);
      await handle.writeFile(chunk);
      // What was fetched last may have come before the abort; the next may never come.
      signal.throwIfAborted();
    }
    signal.throwIfAborted();
    const got = hash.digest('hex');
    if (got !== sha256) {
      throw sceneDamaged(sha256, size === sizeBytes ? got : `${size} of ${sizeBytes} bytes`);
    }
    // Whatever the umask: who is in the sandbox is not who we are.
    await handle.chmod(0o444);
    await handle.sync();
  } finally {
    await handle.close();
  }
};
