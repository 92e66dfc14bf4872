import { invalidFields } from '#libs/errors/index.ts';

/** The id in a field. Throws INVALID_FIELDS where it is empty. */
export const named = (field: string, id: string): string => {
  if (id === '') throw invalidFields([{ field, description: 'must not be empty' }]);
  return id;
};
