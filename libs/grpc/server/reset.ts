import { constants } from 'node:http2';

interface Resettable {
  close(code: number): void;
}

const isResettable = (value: unknown): value is Resettable =>
  typeof value === 'object' &&
  value !== null &&
  'close' in value &&
  typeof value.close === 'function';

const inside = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

/**
 * Closes a call with RST_STREAM, for a caller that no longer reads. A status would wait behind the unread messages as long
 * as the caller stays connected.
 *
 * grpc-js has no function for that, so this reaches for the HTTP/2 stream inside; a spec notices if it moves. Returns
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
