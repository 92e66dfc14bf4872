import { collectViolations } from '#libs/mesh/index.ts';

/** Throws INVALID_ARGUMENT `INVALID_FIELDS` when a required id is missing. */
export const requireId = (id: string, field: string): string => {
  const wrong = collectViolations();
  wrong.require(id !== '', field, 'must be set');
  wrong.throwIfAny();
  return id;
};
