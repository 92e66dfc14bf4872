import type { Writable } from 'node:stream';

// A stream of grpc-js counts messages, not bytes: sixteen chunks of 1 MiB would wait in each.
const MAX_WAITING_BYTES = 1_048_576;

/**
 * Writes messages to a stream of grpc-js, one after the other, without ever letting more than about a mebibyte (or
 * sixteen messages) wait for a reader that is slow. The bound holds per stream.
 *
 * The returned function resolves when there is room for the next message, which may be long before the other side has
 * read this one; it rejects with the reason of `over` once the call is over. `drain` never fires on a stream that was
 * cancelled, hence the race.
 */
export const createSender = (
  stream: Pick<Writable, 'write' | 'writableNeedDrain'>,
  over: AbortSignal,
): ((message: Buffer) => Promise<void>) => {
  let waitingBytes = 0;
  let room: PromiseWithResolvers<void> | undefined;
  const hasRoom = (): boolean => waitingBytes <= MAX_WAITING_BYTES && !stream.writableNeedDrain;
  const wake = (): void => {
    room?.resolve();
    room = undefined;
  };
  over.addEventListener('abort', wake, { once: true });

  return async (message) => {
    over.throwIfAborted();
    waitingBytes += message.byteLength;
    stream.write(message, () => {
      waitingBytes -= message.byteLength;
      // The callback of the last message that waited comes just before the stream itself says that it has room.
      if (room !== undefined) {
        setImmediate(() => hasRoom() && wake());
      }
    });
    while (!hasRoom() && !over.aborted) {
      room ??= Promise.withResolvers();
      await room.promise;
    }
    over.throwIfAborted();
  };
};
