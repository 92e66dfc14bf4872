import type { Caller } from '#libs/auth/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import { pageToken, readPage, type PageAsk } from '#libs/pages/index.ts';
import { checkTarget, type Target } from './target.ts';

/**
 * Reads the page of a list that is ordered by one number, such as an ordinal or a position. Throws `INVALID_FIELDS` with all
 * violations of the request, those in `wrong` included.
 */
export const parseNumberPage = (
  caller: Caller | undefined,
  request: PageAsk & Target,
  question: string,
  wrong = collectViolations(),
): { size: number; after: number | undefined } => {
  const { size, after } = readPage(request, question, 1, wrong);
  const [position] = after ?? [];
  const isPosition = position === undefined || /^\d{1,15}$/.test(position);
  wrong.require(isPosition, 'page_token', 'must be the next_page_token of the page before');
  checkTarget(wrong, caller, request);
  return { size, after: position === undefined ? undefined : Number(position) };
};

/** The token of the page that begins after this number. */
export const numberPageToken = (question: string, position: number): string =>
  pageToken(question, [String(position)]);
