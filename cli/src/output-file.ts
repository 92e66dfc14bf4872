import { fstatSync, writeSync } from 'node:fs';
import type { Stream } from './cli.ts';

const NO_ROOM: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * A standard stream that does not end the process when it goes to a file and the disk is full: what cannot be written is
 * lost, and what comes once there is room is written again. A stream of Node's own would stay broken.
 */
export const lastingStream = (stream: Stream & { fd: number }): Stream => {
  if (!fstatSync(stream.fd).isFile()) {
    return stream;
  }
  return {
    write: (text) => {
      try {
        return writeSync(stream.fd, text);
      } catch (error) {
        if (!NO_ROOM.has((error as NodeJS.ErrnoException).code)) {
          throw error;
        }
        return 0;
      }
    },
  };
};
