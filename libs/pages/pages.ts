import { collectViolations, type Violations } from '#libs/mesh/index.ts';

/** `page_size` and `page_token` of a list request. */
export interface PageAsk {
  pageSize: number;
  pageToken: string;
}

/** One page of a list, as asked for. */
export interface Page {
  /** How many items, 1 to 1,000. */
  size: number;
  /** Where the page before ended: the texts that the list is ordered by. Undefined for the first page. */
  after: readonly string[] | undefined;
}

const MAX_PAGE = 1_000;
const DEFAULT_PAGE = 100;

/**
 * Reads the page of a list request. `question` is the rest of the request (a name, a filter); a token is valid only for
 * the same question. `keys` is how many texts the list is ordered by. Wrong fields are noted in `wrong`.
 */
export const readPage = (
  { pageSize, pageToken: token }: PageAsk,
  question: string,
  keys: number,
  wrong: Violations,
): Page => {
  const after = token === '' ? undefined : decode(token, question, keys);
  const isSize = pageSize >= 0 && pageSize <= MAX_PAGE;
  wrong.require(isSize, 'page_size', `must be 1 to ${MAX_PAGE}, or 0 for ${DEFAULT_PAGE}`);
  wrong.require(
    token === '' || after !== undefined,
    'page_token',
    'must be the next_page_token of the page before',
  );
  return { size: pageSize === 0 ? DEFAULT_PAGE : pageSize, after };
};

/** The same for a request that has no other field to check. Throws `INVALID_FIELDS`. */
export const parsePage = (request: PageAsk, question: string, keys: number): Page => {
  const wrong = collectViolations();
  const page = readPage(request, question, keys, wrong);
  wrong.throwIfAny();
  return page;
};

/** The token of the page after the one that ends with these keys. */
export const pageToken = (question: string, keys: readonly string[]): string =>
  Buffer.from(JSON.stringify([question, ...keys])).toString('base64url');

/** Cuts a page out of the items that were read: one more than fits, if there are more. */
export const cutPage = <T>(
  items: readonly T[],
  size: number,
  question: string,
  keysOf: (item: T) => readonly string[],
): { page: T[]; nextPageToken: string } => {
  const page = items.slice(0, size);
  const last = page.at(-1);
  const hasMore = items.length > size && last !== undefined;
  return { page, nextPageToken: hasMore ? pageToken(question, keysOf(last)) : '' };
};

const isKey = (value: unknown): value is string => typeof value === 'string';

const decode = (token: string, question: string, keys: number): readonly string[] | undefined => {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (!Array.isArray(parsed) || parsed.length !== keys + 1 || !parsed.every(isKey)) {
      return undefined;
    }
    const [asked, ...after] = parsed;
    return asked === question ? after : undefined;
  } catch {
    return undefined;
  }
};
