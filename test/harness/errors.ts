import { isDomainError, type DomainError } from '#libs/errors/index.ts';

/** What a call is refused with. Throws when it is not, or with something else than a typed error. */
export const errorOf = async (call: Promise<unknown>): Promise<DomainError> => {
  let answer: unknown;
  try {
    answer = await call;
  } catch (thrown) {
    if (isDomainError(thrown)) return thrown;
    throw thrown;
  }
  throw new Error(`not refused, but answered ${JSON.stringify(answer)}`);
};
