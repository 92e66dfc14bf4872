import { addAbortListener } from 'node:events';
import { constants, open, type FileHandle } from 'node:fs/promises';
import { Request } from 'zeromq';
import { SOCKET } from '../process/isolate.ts';

class WayBrokenError extends Error {
  override readonly name = 'WayBrokenError';
}

const MAX_BYTES = 64 * 1024 ** 2;
export const PING = JSON.stringify({ command: 'ping' });

/**
 * Sends a worker one message and resolves to its answer. Each message has its own connection, because a late answer
 * must not count as the next one's. `folder` holds the socket that leads to the worker. Rejects with WayBrokenError,
 * and with the signal's reason.
 */
export const askWorker = async (
  folder: string,
  text: string,
  signal: AbortSignal,
): Promise<Buffer> => {
  signal.throwIfAborted();
  // The path of a Unix socket has at most 107 characters. One that begins at a file descriptor is always short.
  const at: FileHandle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  const socket = new Request({ linger: 0, maxMessageSize: MAX_BYTES });
  const { promise: broken, reject } = Promise.withResolvers<never>();
  using _listener = addAbortListener(signal, () => reject(signal.reason));
  // The connection may break after the last waiter has left.
  broken.catch(() => undefined);
  socket.events.on('disconnect', () =>
    reject(new WayBrokenError('the connection to the worker broke')),
  );
  try {
    socket.connect(`ipc:///proc/self/fd/${at.fd}/${SOCKET}`);
    await Promise.race([socket.send(text), broken]);
    const frames = await Promise.race([socket.receive(), broken]);
    if (frames.length !== 1 || frames[0] === undefined) {
      throw new SyntaxError('it has several frames');
    }
    return frames[0];
  } finally {
    socket.close();
    await at.close();
  }
};
