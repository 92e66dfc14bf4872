import { open } from 'node:fs/promises';

/** A program that could not be started: why, and the last lines that it wrote. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
}

const TAIL_BYTES = 2_048;

const tailOf = async (logFile: string): Promise<string> => {
  await using file = await open(logFile, 'r');
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read({
    buffer: Buffer.alloc(TAIL_BYTES),
    position: Math.max(0, size - TAIL_BYTES),
  });
  return buffer.toString('utf8', 0, bytesRead).trimEnd();
};

/** Makes a {@link LaunchError} that shows the end of the log. */
export const launchError = async (
  name: string,
  why: string,
  logFile: string,
  cause?: unknown,
): Promise<LaunchError> => {
  const tail = await tailOf(logFile).catch(() => '');
  return new LaunchError(`${name} ${why}; its log (${logFile}) ends in:\n${tail}`, { cause });
};
