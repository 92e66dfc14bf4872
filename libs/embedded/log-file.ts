import { open, rename, stat } from 'node:fs/promises';

const TAIL_BYTES = 2_048;

/** The last lines that a program wrote; empty where there is no log. */
export const tailOf = async (logFile: string): Promise<string> => {
  try {
    await using file = await open(logFile, 'r');
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(TAIL_BYTES),
      position: Math.max(0, size - TAIL_BYTES),
    });
    return buffer.toString('utf8', 0, bytesRead).trimEnd();
  } catch {
    return '';
  }
};

const LARGEST_BYTES = 32 * 2 ** 20;

/** Makes way for a new log where the old one has grown beyond 32 MiB; one older log is kept. Call it before a start. */
export const rotate = async (logFile: string): Promise<void> => {
  const before = await stat(logFile).catch(() => undefined);
  if (before !== undefined && before.size > LARGEST_BYTES) await rename(logFile, `${logFile}.1`);
};
