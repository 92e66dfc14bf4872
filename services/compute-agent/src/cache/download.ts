import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { DomainError, status } from '#libs/errors/index.ts';

/** Names a scene by the SHA-256 of its bytes, 64 lower-case hexadecimal digits, and its length. */
export interface SceneId {
  sha256: string;
  sizeBytes: number;
}

/** Fetches the bytes of a scene from where they are stored. */
export type Fetch = (signal: AbortSignal) => AsyncIterable<Uint8Array>;

/** The fetched bytes are not the requested scene. `got` is their hash, or their number. */
const sceneDamaged = (sha256: string, got: string): DomainError => {
  const message = `the scene ${sha256} came as ${got}`;
  return new DomainError(status.DATA_LOSS, 'SCENE_DAMAGED', message, { sha256, got });
};

/** Writes what it fetches to a new file and syncs it. Throws DATA_LOSS `SCENE_DAMAGED` if length or hash is wrong. */
export const download = async (
  { sha256, sizeBytes }: SceneId,
  file: string,
  fetch: Fetch,
  signal: AbortSignal,
): Promise<void> => {
  const hash = createHash('sha256');
  let size = 0;
  await using handle = await open(file, 'wx', 0o444);
  for await (const chunk of fetch(signal)) {
    size += chunk.length;
    if (size > sizeBytes) {
      throw sceneDamaged(sha256, `more than ${sizeBytes} bytes`);
    }
    hash.update(chunk);
    await handle.writeFile(chunk);
    // This chunk may have come before the abort, and the next one may never come.
    signal.throwIfAborted();
  }
  signal.throwIfAborted();
  const got = hash.digest('hex');
  if (got !== sha256) {
    throw sceneDamaged(sha256, size === sizeBytes ? got : `${size} of ${sizeBytes} bytes`);
  }
  // Independent of the umask, because the program in the sandbox runs as another user.
  await handle.chmod(0o444);
  await handle.sync();
};
