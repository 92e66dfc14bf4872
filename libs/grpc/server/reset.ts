import { constants } from 'node:http2';

interface Resettable {
  close(code: number): void;
}

const isResettable = (value: unknown): value is Resettable =>
  typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';

const inside = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

/**
 * Closes a call with RST_STREAM, for a reader that has stopped reading: a status would wait behind the messages that
 * it does not take, for as long as it stays connected.
 *
 * grpc-js offers no way to do that, so this reaches for the HTTP/2 stream inside; a spec notices if it moves. Answers
 * whether it was found.
 */
export const resetStream = (call: unknown): boolean => {
  const stream = inside(inside(call, 'call'), 'stream');
  if (!isResettable(stream)) {
    return false;
  }
  stream.close(constants.NGHTTP2_CANCEL);
  return true;
};
