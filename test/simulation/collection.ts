import { isDeepStrictEqual } from 'node:util';
import { MongoServerError, type Collection, type Document } from 'mongodb';

type Fields = Readonly<Record<string, unknown>>;
/** Runs an operation at some later moment; its answer comes later still, or never. */
export type Ask = <T>(what: string, operation: () => T) => Promise<T>;

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

const OPERATORS: Record<string, (value: unknown, bound: never) => boolean> = {
  $ne: (value, other) => !isDeepStrictEqual(value, other),
  $in: (value, some: unknown[]) => some.includes(value),
  $nin: (value, some: unknown[]) => !some.includes(value),
  $gt: (value, bound: number) => value !== null && Number(value) > bound,
  $gte: (value, bound: number) => value !== null && Number(value) >= bound,
  $lt: (value, bound: number) => value !== null && Number(value) < bound,
  $lte: (value, bound: number) => value !== null && Number(value) <= bound,
  $exists: (value, is: boolean) => (value !== null) === is,
  $not: (value, wanted: unknown) => !agrees(value, wanted),
};

const agrees = (value: unknown, wanted: unknown): boolean =>
  isRecord(wanted)
    ? Object.entries(wanted).every(([operator, bound]) => {
        const check = OPERATORS[operator];
        if (check === undefined) {
          throw new TypeError(`the simulated MongoDB knows no ${operator}`);
        }
        return check(value, bound as never);
      })
    : value === wanted;

/** The value at a path. A field that is not there is null, as in MongoDB. */
const fieldOf = (document: Fields, path: string): unknown =>
  path.split('.').reduce<unknown>((at, name) => (at as Fields | undefined)?.[name], document) ??
  null;

const fits = (document: Fields, filter: Fields): boolean =>
  Object.entries(filter).every(([path, wanted]) =>
    path === '$or'
      ? (wanted as Fields[]).some((each) => fits(document, each))
      : agrees(fieldOf(document, path), wanted),
  );

/** The value of an aggregation expression. */
const valueOf = (expression: unknown, document: Fields): unknown => {
  if (typeof expression === 'string' && expression.startsWith('$')) {
    return document[expression.slice(1)];
  }
  if (!isRecord(expression)) {
    return expression;
  }
  const [[operator, of]] = Object.entries(expression) as [[string, unknown]];
  if (operator === '$literal') {
    return of;
  }
  const values = (of as unknown[]).map((each) => valueOf(each, document));
  switch (operator) {
    case '$ifNull':
      return values[0] ?? values[1];
    case '$add':
      return values.reduce((sum: number, value) => sum + Number(value), 0);
    case '$cond':
      return values[0] === false || values[0] == null ? values[2] : values[1];
    default:
      throw new TypeError(`the simulated MongoDB knows no ${operator}`);
  }
};

const changed = (document: Fields, update: Document | readonly Document[]): Fields => {
  if (Array.isArray(update)) {
    return (update as { $set: Fields }[]).reduce<Fields>(
      (before, { $set }) => ({
        ...before,
        ...Object.fromEntries(
          Object.entries($set).map(([name, of]) => [name, valueOf(of, before)]),
        ),
      }),
      document,
    );
  }
  const {
    $set = {},
    $inc = {},
    $unset = {},
  } = update as { $set?: Fields; $inc?: Record<string, number>; $unset?: Fields };
  const raised = Object.entries($inc).map(([name, by]) => [name, Number(document[name] ?? 0) + by]);
  const all = Object.entries({ ...document, ...$set, ...Object.fromEntries(raised) });
  return Object.fromEntries(all.filter(([name]) => !(name in $unset)));
};

const duplicate = (fields: readonly string[]): MongoServerError =>
  new MongoServerError({
    message: 'E11000 duplicate key',
    code: 11_000,
    keyPattern: Object.fromEntries(fields.map((name) => [name, 1])),
  });

/**
 * A collection of MongoDB in memory, as far as the stores of the services and the beats use one.
 *
 * @param unique the fields of each unique index; a document without one of them is not in it
 */
export const createCollection = <T extends { _id: string }>(
  documents: Map<string, T>,
  ask: Ask,
  unique: readonly (readonly (keyof T & string)[])[] = [],
): Collection<T> => {
  /** @throws MongoServerError if an index has another document with the same key */
  const put = (document: T): void => {
    for (const fields of unique) {
      const isTaken = [...documents.values()].some(
        (other) =>
          other._id !== document._id &&
          fields.every((name) => document[name] !== undefined && other[name] === document[name]),
      );
      if (isTaken) {
        throw duplicate(fields);
      }
    }
    documents.set(document._id, document);
  };
  const matching = (filter: Fields): T[] => {
    const { _id: id } = filter;
    const known = typeof id === 'string' ? [documents.get(id)] : documents.values();
    return [...known].flatMap((each) =>
      each !== undefined && fits(each as unknown as Fields, filter) ? [each] : [],
    );
  };
  /** Answers the document before and after; before is undefined where it was inserted, after where nothing fitted. */
  const change = (filter: Fields, update: Document, upsert = false): { before?: T; after?: T } => {
    const [before] = matching(filter);
    if (before === undefined && !upsert) {
      return {};
    }
    const id = before?._id ?? String(filter['_id']);
    if (before === undefined && documents.has(id)) {
      throw duplicate(['_id']);
    }
    const base = (before ??
      Object.fromEntries(
        // Only equalities become fields.
        Object.entries(filter).filter(([name, of]) => !name.startsWith('$') && !isRecord(of)),
      )) as Fields;
    const after = changed(base, update) as unknown as T;
    put(after);
    return before === undefined ? { after } : { before, after };
  };
  const collection = {
    findOne: (filter: Fields) => ask('findOne', () => matching(filter)[0] ?? null),
    // Documents are kept in the order in which they came.
    countDocuments: (filter: Fields) => ask('count', () => matching(filter).length),
    find: (filter: Fields) => ({ toArray: () => ask('find', () => matching(filter)) }),
    insertOne: (document: T) =>
      ask(`insert ${document._id}`, () => {
        if (documents.has(document._id)) {
          throw duplicate(['_id']);
        }
        put(document);
      }),
    distinct: (field: string, filter: Fields) =>
      ask('distinct', () => [
        ...new Set(matching(filter).map((each) => (each as unknown as Fields)[field])),
      ]),
    findOneAndUpdate: (
      filter: Fields,
      update: Document,
      { upsert, returnDocument }: Document = {},
    ) =>
      ask(`change ${String(filter['_id'])}`, () => {
        const { before, after } = change(filter, update, upsert === true);
        return (returnDocument === 'after' ? after : before) ?? null;
      }),
    updateOne: (filter: Fields, update: Document, { upsert }: Document = {}) =>
      ask(`update ${String(filter['_id'])}`, () => {
        const { before, after } = change(filter, update, upsert === true);
        return {
          matchedCount: before === undefined ? 0 : 1,
          modifiedCount: before === undefined ? 0 : 1,
          upsertedCount: before === undefined && after ? 1 : 0,
        };
      }),
    deleteMany: (filter: Fields) =>
      ask('delete', () => {
        const gone = matching(filter);
        for (const { _id } of gone) {
          documents.delete(_id);
        }
        return { deletedCount: gone.length };
      }),
    deleteOne: (filter: Fields) => collection.deleteMany(filter),
  };
  return collection as unknown as Collection<T>;
};
