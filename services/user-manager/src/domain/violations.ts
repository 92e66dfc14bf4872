import { invalidFields, type FieldViolation } from '#libs/errors/index.ts';

/** Collects what is wrong with a request, so that one answer names it all. */
export interface Violations {
  /** Notes that `field` is wrong unless `isRight`. */
  require(isRight: boolean, field: string, description: string): void;
  /** Throws INVALID_ARGUMENT `INVALID_FIELDS` if anything was noted. */
  throwIfAny(): void;
}

/** More of them help nobody; a batch of a thousand rubbish reports would name thousands. */
const MAX_VIOLATIONS = 50;

/** Nothing wrong yet. */
export const collectViolations = (): Violations => {
  const violations: FieldViolation[] = [];
  return {
    require(isRight, field, description) {
      if (!isRight && violations.length < MAX_VIOLATIONS) {
        violations.push({ field, description });
      }
    },
    throwIfAny() {
      if (violations.length > 0) {
        throw invalidFields(violations);
      }
    },
  };
};
