import { RestError } from '@azure/storage-blob';
import { waitingFor } from '#libs/async/index.ts';
import { type DomainError, isDomainError, unavailable } from '#libs/errors/index.ts';

/** The name of the blob storage in errors for callers, whoever runs it. */
export const DEPENDENCY = 'blob storage';

/** The longest wait for one answer of the storage. It is shorter than the deadlines of callers. */
export const ANSWER_WITHIN_MS = 5_000;

export const isMissing = (error: unknown): boolean =>
  error instanceof RestError && error.statusCode === 404;

export const isContainerMissing = (error: unknown): boolean =>
  codeOf(error) === 'ContainerNotFound';

/** Another commit was first: the name is taken, or that commit removed our staged blocks. */
export const isTaken = (error: unknown): boolean =>
  ['BlobAlreadyExists', 'ConditionNotMet', 'InvalidBlockList'].includes(codeOf(error)) ||
  (error instanceof RestError && error.statusCode === 412);

export const isRangeBeyondEnd = (error: unknown): boolean =>
  error instanceof RestError && error.statusCode === 416;

const codeOf = (error: unknown): string => (error instanceof RestError ? (error.code ?? '') : '');

/** Runs one request to the storage, for `withinMs`. Errors of an absent storage become UNAVAILABLE; all others pass unchanged. */
export const asking = async <T>(
  signal: AbortSignal,
  request: (signal: AbortSignal) => Promise<T>,
  withinMs = ANSWER_WITHIN_MS,
): Promise<T> => {
  signal.throwIfAborted();
  const patience = AbortSignal.timeout(withinMs);
  try {
    return await waitingFor(DEPENDENCY, () => request(AbortSignal.any([signal, patience])));
  } catch (error) {
    signal.throwIfAborted();
    if (patience.aborted) {
      throw unavailable(DEPENDENCY, `the ${DEPENDENCY} gives no answer; try again`, {
        cause: error,
      });
    }
    throw mapped(error);
  }
};

/** UNAVAILABLE: what was just there is gone. */
export const vanished = (): DomainError =>
  unavailable(DEPENDENCY, 'the blob vanished while it was stored; upload it again');

/** Undefined if what was asked for is missing. */
export const unlessMissing = async <T>(answer: Promise<T>): Promise<T | undefined> => {
  try {
    return await answer;
  } catch (error) {
    if (isMissing(error)) {
      return undefined;
    }
    throw error;
  }
};

/** An error of the storage in the form for callers. */
export const mapped = (error: unknown): unknown => {
  if (isDomainError(error)) {
    return error;
  }
  if (!(error instanceof RestError)) {
    const isSocket = error instanceof Error && 'code' in error && typeof error.code === 'string';
    return isSocket
      ? unavailable(DEPENDENCY, `the ${DEPENDENCY} is away; try again`, { cause: error })
      : error;
  }
  const code = error.statusCode;
  if (code === undefined || code >= 500 || code === 408 || code === 429) {
    return unavailable(DEPENDENCY, `the ${DEPENDENCY} is away; try again`, { cause: error });
  }
  if (code === 401 || code === 403) {
    return unavailable(DEPENDENCY, `the ${DEPENDENCY} refuses the credentials of this service`, {
      cause: error,
    });
  }
  return error;
};
