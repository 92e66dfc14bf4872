import {
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerClosedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoWriteConcernError,
} from 'mongodb';
import { waitingFor } from '#libs/async/index.ts';
import { unavailable } from '#libs/errors/index.ts';

const DUPLICATE_KEY = 11_000;

/** The fields of the unique index that refused a write, in order; undefined for every other error. */
export const duplicateKey = (thrown: unknown): readonly string[] | undefined =>
  thrown instanceof MongoServerError && thrown.code === DUPLICATE_KEY
    ? Object.keys((thrown['keyPattern'] as Record<string, unknown> | undefined) ?? {})
    : undefined;

/** What a server says that ends, has just begun, or is not the primary any more. Reads carry no label for it. */
const CHANGING_HANDS = new Set<unknown>([91, 189, 10_107, 11_600, 11_602, 13_435, 13_436]);

/** The driver hands on what a socket says when the server vanishes at the wrong moment, without wrapping or retrying it. */
const SOCKET_ENDS = new Set<unknown>([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_WRITE_AFTER_END',
  'ETIMEDOUT',
]);

const isSocketEnd = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && SOCKET_ENDS.has(thrown.code);

/** Whether MongoDB was away or changing hands: the outcome of a write is unknown, a read is worth another try. */
export const isAway = (thrown: unknown): boolean =>
  isSocketEnd(thrown) ||
  thrown instanceof MongoNetworkError ||
  thrown instanceof MongoServerSelectionError ||
  thrown instanceof MongoNotConnectedError ||
  thrown instanceof MongoTopologyClosedError ||
  thrown instanceof MongoServerClosedError ||
  thrown instanceof MongoWriteConcernError ||
  (thrown instanceof MongoServerError &&
    (CHANGING_HANDS.has(thrown.code) ||
      thrown.hasErrorLabel('RetryableWriteError') ||
      thrown.hasErrorLabel('RetryableError')));

/** Runs something on MongoDB; while it is away, callers get UNAVAILABLE `mongodb` with RetryInfo. */
export const asUnavailable = async <T>(run: () => Promise<T>): Promise<T> => {
  try {
    return await waitingFor('mongodb', run);
  } catch (thrown) {
    if (!isAway(thrown)) throw thrown;
    throw unavailable('mongodb', 'MongoDB does not answer; try again', { cause: thrown });
  }
};
