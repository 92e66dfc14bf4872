import { z } from 'zod';

/** What a variable says about itself beside its type. */
export interface VariableMeta {
  /** A value that would do, for the person who has to correct one. */
  example?: string;
  /** May be given as `<NAME>_FILE`, the path of a file that holds it. */
  isSecret?: boolean;
}

const metas = new WeakMap<z.core.$ZodType, VariableMeta>();

/** Attaches what a variable says about itself. Last in a chain: zod's methods make new schemas. */
export const describe = <T extends z.ZodType>(schema: T, meta: VariableMeta): T => {
  metas.set(schema, meta);
  return schema;
};

/** Finds it again, also under `.optional()`, `.default()` and `.prefault()`. */
export const metaOf = (schema: z.core.$ZodType): VariableMeta => {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return metaOf(schema.unwrap());
  }
  return metas.get(schema) ?? {};
};
