import { z } from 'zod';

/** What a variable declares beside its type. */
interface VariableMeta {
  /** A value that would be right, for the person who corrects a wrong one. */
  example?: string;
  /** May be given as `<NAME>_FILE`, the path of a file that holds it. */
  isSecret?: boolean;
}

const metas = new WeakMap<z.core.$ZodType, VariableMeta>();

/** Attaches the metadata of a variable. It comes last in a chain, because zod's methods make new schemas. */
export const describe = <T extends z.ZodType>(schema: T, meta: VariableMeta): T => {
  metas.set(schema, meta);
  return schema;
};

/** Finds the metadata again, even under `.optional()`, `.default()` and `.prefault()`. */
export const metaOf = (schema: z.core.$ZodType): VariableMeta => {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    return metaOf(schema.unwrap());
  }
  return metas.get(schema) ?? {};
};
