import { invalidFields } from '#libs/errors/index.ts';
import { pageToken, parsePage, type PageAsk } from '#libs/pages/index.ts';

/** A page of a list that is ordered by one number: an ordinal, a position. Throws `INVALID_FIELDS`. */
export const parseNumberPage = (request: PageAsk, question: string): { size: number; after: number | undefined } => {
  const { size, after } = parsePage(request, question, 1);
  if (after === undefined) return { size, after };
  const [position = ''] = after;
  if (!/^\d{1,15}$/.test(position)) {
    throw invalidFields([{ field: 'page_token', description: 'must be the next_page_token of the page before' }]);
  }
  return { size, after: Number(position) };
};

/** The token of the page that begins after this number. */
export const numberPageToken = (question: string, position: number): string => pageToken(question, [String(position)]);
