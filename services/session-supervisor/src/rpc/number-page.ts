import type { Caller } from '#libs/auth/index.ts';
import type { JournalDocument } from '#libs/journal/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import { asUnavailable } from '#libs/mongo/index.ts';
import { pageToken, readPage, type PageAsk } from '#libs/pages/index.ts';
import type { Context } from '../context.ts';
import type { Entry } from '../domain/state/entries.ts';
import type { View } from '../session/reads/reads.ts';
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

/** What a workload's journal holds after a position. The items of one position stay together, so a page may exceed `size`. */
export const journalPage = <T>(
  { journal }: Pick<Context, 'journal'>,
  { document, revision }: View,
  question: string,
  { after, size }: { after: number; size: number },
  itemsOf: (written: JournalDocument<Entry>) => T[],
): Promise<{ items: T[]; nextPageToken: string }> =>
  asUnavailable(async () => {
    const items: T[] = [];
    let position = after;
    for await (const written of journal.read(document._id, after)) {
      if (written.n > revision) {
        break;
      }
      if (items.length >= size) {
        return { items, nextPageToken: numberPageToken(question, position) };
      }
      items.push(...itemsOf(written));
      position = written.n;
    }
    return { items, nextPageToken: '' };
  });
