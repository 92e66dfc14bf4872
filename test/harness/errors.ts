import { isDomainError, type DomainError } from '#libs/errors/index.ts';

/** The typed error that a call is refused with. Throws if the call is not refused, or if the error is not typed. */
export const errorOf = async (call: Promise<unknown>): Promise<DomainError> => {
  let answer: unknown;
  try {
    answer = await call;
  } catch (thrown) {
    if (isDomainError(thrown)) {
      return thrown;
    }
    throw thrown;
  }
  throw new Error(`not refused, but answered ${JSON.stringify(answer)}`);
};
