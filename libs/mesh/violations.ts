import { type FieldViolation, invalidFields } from '#libs/errors/index.ts';

/** Collects what is wrong with a request, so that one answer names it all. */
export interface Violations {
  /** Notes that `field` is wrong unless `isRight`. Answers `isRight`. */
  require: (isRight: boolean, field: string, description: string) => boolean;
  /** For a message within the request: prefixes the names of its fields with `field` and a dot. */
  within: (field: string) => Pick<Violations, 'require'>;
  /** Throws INVALID_ARGUMENT `INVALID_FIELDS` if anything was noted. */
  throwIfAny: () => void;
  /** The same. Returns the value of a field whose absence was noted. */
  passed: <T>(value: T | undefined) => T;
}

/** More of them do not help, and a batch of a thousand reports can have thousands. */
const MAX_VIOLATIONS = 50;

/** The text of a field that must not be empty. Throws INVALID_ARGUMENT `INVALID_FIELDS`. */
export const requireText = (field: string, text: string): string => {
  if (text === '') {
    throw invalidFields([{ field, description: 'must not be empty' }]);
  }
  return text;
};

/** A caller's `request_id` has at most so many characters. */
const MAX_REQUEST_ID_CHARS = 64;

/** Notes that a `request_id` is too long. */
export const checkRequestId = (wrong: Pick<Violations, 'require'>, requestId: string): void => {
  const isRight = requestId.length <= MAX_REQUEST_ID_CHARS;
  wrong.require(isRight, 'request_id', `must be at most ${MAX_REQUEST_ID_CHARS} characters`);
};

/** Nothing wrong yet. */
export const collectViolations = (): Violations => {
  const violations: FieldViolation[] = [];
  const require = (isRight: boolean, field: string, description: string): boolean => {
    if (!isRight && violations.length < MAX_VIOLATIONS) {
      violations.push({ field, description });
    }
    return isRight;
  };
  const throwIfAny = (): void => {
    if (violations.length > 0) {
      throw invalidFields(violations);
    }
  };
  return {
    require,
    within: (outer) => ({
      require: (isRight, field, description) =>
        isRight || require(false, `${outer}.${field}`, description),
    }),
    throwIfAny,
    passed: (value) => {
      throwIfAny();
      if (value === undefined) {
        throw new TypeError('a field that is missing was not noted as wrong');
      }
      return value;
    },
  };
};
