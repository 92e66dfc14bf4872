import { fstatSync, writeSync } from 'node:fs';
import type { Stream } from './cli.ts';
import { isNoRoom } from './no-room.ts';

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
        if (!isNoRoom(error)) {
          throw error;
        }
        return 0;
      }
    },
  };
};
