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
import { DomainError, status, unavailable } from '#libs/errors/index.ts';

const DUPLICATE_KEY = 11_000;

/** The fields of the unique index that refused a write, in order; undefined for every other error. */
export const duplicateKey = (thrown: unknown): readonly string[] | undefined =>
  thrown instanceof MongoServerError && thrown.code === DUPLICATE_KEY
    ? Object.keys((thrown['keyPattern'] as Record<string, unknown> | undefined) ?? {})
    : undefined;

/** Codes of a server that ends, has just started, or is no longer the primary. Errors of reads carry no label for it. */
const CHANGING_HANDS = new Set<unknown>([91, 189, 10_107, 11_600, 11_602, 13_435, 13_436]);

/** If the server vanishes at the wrong moment, the driver passes on the socket's error without wrapping or retrying. */
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

/** Whether MongoDB was away or elected a primary. The outcome of a write is then unknown, and a read is worth a retry. */
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

const UNAUTHORIZED = 13;
const MAX_SAID = 120;
const AUTHENTICATION_FAILED = 18;

/** What to tell the operator if MongoDB does not let this user in, or not do what it needs; undefined for every other error. */
export const refusal = (thrown: unknown): DomainError | undefined => {
  if (!(thrown instanceof MongoServerError)) {
    return undefined;
  }
  const told = (message: string): DomainError =>
    new DomainError(status.FAILED_PRECONDITION, 'MONGODB_REFUSES', message, {}, { cause: thrown });
  if (thrown.code === AUTHENTICATION_FAILED) {
    return told('MongoDB refuses the user or the password; check MUSTER_MONGO_URL');
  }
  // The message repeats the whole command.
  const said = thrown.message.slice(0, MAX_SAID);
  return thrown.code === UNAUTHORIZED
    ? told(
        `MongoDB does not let this user do what its service needs (node tools/store-users.ts mongodb): ${said}`,
      )
    : undefined;
};

/** Runs an operation on MongoDB. While MongoDB is away, callers get UNAVAILABLE `mongodb` with RetryInfo. */
export const asUnavailable = async <T>(run: () => Promise<T>): Promise<T> => {
  try {
    return await waitingFor('mongodb', run);
  } catch (thrown) {
    if (!isAway(thrown)) {
      throw thrown;
    }
    throw unavailable('mongodb', 'MongoDB does not answer; try again', { cause: thrown });
  }
};
