import type { Caller } from '#libs/auth/index.ts';
import type { FieldViolation } from '#libs/errors/index.ts';
import { pageToken, readPage, type PageAsk } from '#libs/pages/index.ts';
import { checkTarget, type Target } from './target.ts';

/**
 * A page of a workload's list that is ordered by one number: an ordinal, a position. Throws `INVALID_FIELDS` with all that is
 * wrong with the request, `found` included.
 */
export const parseNumberPage = (
  caller: Caller | undefined,
  request: PageAsk & Target,
  question: string,
  found: readonly FieldViolation[] = [],
): { size: number; after: number | undefined } => {
  const { size, after, violations } = readPage(request, question, 1);
  const [position] = after ?? [];
  if (position !== undefined && !/^\d{1,15}$/.test(position)) {
    violations.push({ field: 'page_token', description: 'must be the next_page_token of the page before' });
  }
  checkTarget(caller, request, [...found, ...violations]);
  return { size, after: position === undefined ? undefined : Number(position) };
};

/** The token of the page that begins after this number. */
export const numberPageToken = (question: string, position: number): string => pageToken(question, [String(position)]);
