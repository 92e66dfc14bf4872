import {
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoWriteConcernError,
} from 'mongodb';
import { unavailable } from '#libs/errors/index.ts';

const DUPLICATE_KEY = 11_000;

/** The fields of the unique index that refused a write, in order; undefined for every other error. */
export const duplicateKey = (thrown: unknown): readonly string[] | undefined =>
  thrown instanceof MongoServerError && thrown.code === DUPLICATE_KEY
    ? Object.keys((thrown['keyPattern'] as Record<string, unknown> | undefined) ?? {})
    : undefined;

/** Whether MongoDB was away or changing hands: the outcome of a write is unknown, a read is worth another try. */
export const isAway = (thrown: unknown): boolean =>
  thrown instanceof MongoNetworkError ||
  thrown instanceof MongoServerSelectionError ||
  thrown instanceof MongoNotConnectedError ||
  thrown instanceof MongoTopologyClosedError ||
  thrown instanceof MongoWriteConcernError ||
  (thrown instanceof MongoServerError &&
    (thrown.hasErrorLabel('RetryableWriteError') || thrown.hasErrorLabel('RetryableError')));

/** Runs something on MongoDB; while it is away, callers get UNAVAILABLE `mongodb` with RetryInfo. */
export const asUnavailable = async <T>(run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (thrown) {
    if (!isAway(thrown)) throw thrown;
    throw unavailable('mongodb', 'MongoDB does not answer; try again', { cause: thrown });
  }
};
