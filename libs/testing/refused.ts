import { ConfigError } from '#libs/config/index.ts';
import { isDomainError, type DomainError } from '#libs/errors/index.ts';

/** The typed error that a call is refused with; undefined if it succeeds. Other errors are thrown. */
export const failureOf = (call: Promise<unknown>): Promise<DomainError | undefined> =>
  call.then(
    () => undefined,
    (thrown: unknown) => (isDomainError(thrown) ? thrown : Promise.reject(thrown as Error)),
  );

/** The typed error that a call is refused with. Throws if the call is not refused, or if the error is not typed. */
export const errorOf = async (call: Promise<unknown>): Promise<DomainError> => {
  const failure = await failureOf(call);
  if (failure === undefined) {
    throw new Error(`not refused, but answered ${JSON.stringify(await call)}`);
  }
  return failure;
};

/** The variables that the reading of an environment names as wrong, in alphabetical order. Other errors are thrown. */
export const wrongVariables = (read: () => unknown): string[] => {
  try {
    read();
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) {
      throw thrown;
    }
    return thrown.problems.map(({ name }) => name).sort();
  }
};
