import { collectViolations } from './violations.ts';

const MAX_PAGE = 1_000;
const DEFAULT_PAGE = 100;

/** One page of a list, as asked for. */
export interface PageRequest {
  size: number;
  /** Where the page before ended: the texts that the list is ordered by. Undefined for the first page. */
  after: readonly string[] | undefined;
}

const isKey = (value: unknown): value is string => typeof value === 'string';

const decode = (token: string, keys: number): readonly string[] | undefined => {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    return Array.isArray(parsed) && parsed.length === keys && parsed.every(isKey) ? parsed : undefined;
  } catch {
    return undefined;
  }
};

/** Reads `page_size` and `page_token` of a list that is ordered by `keys` texts. Throws `INVALID_FIELDS`. */
export const parsePage = (request: { pageSize: number; pageToken: string }, keys: number): PageRequest => {
  const { pageSize, pageToken } = request;
  const after = pageToken === '' ? undefined : decode(pageToken, keys);
  const wrong = collectViolations();
  wrong.require(
    pageSize >= 0 && pageSize <= MAX_PAGE,
    'page_size',
    `must be 1 to ${MAX_PAGE}, or 0 for ${DEFAULT_PAGE}`,
  );
  wrong.require(pageToken === '' || after !== undefined, 'page_token', 'must be a next_page_token of this list');
  wrong.throwIfAny();
  return { size: pageSize === 0 ? DEFAULT_PAGE : pageSize, after };
};

/** The token of the page after the one that ends with these keys. */
export const pageToken = (keys: readonly string[]): string => Buffer.from(JSON.stringify(keys)).toString('base64url');

/**
 * Cuts a page out of what was read, which is one item longer than the page where there is more.
 */
export const cutPage = <T>(items: readonly T[], size: number, keysOf: (item: T) => readonly string[]) => {
  const page = items.slice(0, size);
  const last = page.at(-1);
  return { page, nextPageToken: items.length > size && last !== undefined ? pageToken(keysOf(last)) : '' };
};
