import { addAbortListener } from 'node:events';
import type { Writable } from 'node:stream';

// A stream of grpc-js counts messages, not bytes: sixteen chunks of 1 MiB would wait in each.
const MAX_WAITING_BYTES = 1_048_576;

/**
 * Writes messages to a stream of grpc-js, so that at most about a mebibyte or sixteen messages wait for its slow reader.
 * `over` aborts with the call's error. `drain` never fires on a stream that was cancelled, hence the race.
 */
export const createSender = (
  stream: Pick<Writable, 'write' | 'writableNeedDrain'>,
  over: AbortSignal,
) => {
  let waitingBytes = 0;
  let waitingMessages = 0;
  let nothing: PromiseWithResolvers<void> | undefined;
  let room: PromiseWithResolvers<void> | undefined;
  const hasRoom = (): boolean => waitingBytes <= MAX_WAITING_BYTES && !stream.writableNeedDrain;
  const wake = (): void => {
    room?.resolve();
    room = undefined;
  };
  addAbortListener(over, wake);

  /** Resolves when there is room for the next message; rejects with the call's error once the call is over. */
  const send = async (message: Buffer): Promise<void> => {
    over.throwIfAborted();
    waitingBytes += message.byteLength;
    waitingMessages += 1;
    stream.write(message, () => {
      waitingBytes -= message.byteLength;
      waitingMessages -= 1;
      if (waitingMessages === 0) {
        nothing?.resolve();
      }
      // The callback of the last waiting message comes just before the stream reports that it has room.
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
  return {
    send,
    /** Resolves when no message waits any more. */
    written: (): Promise<void> =>
      waitingMessages === 0 ? Promise.resolve() : (nothing ??= Promise.withResolvers()).promise,
  };
};
