import type { GeneratedMethod } from './descriptors.ts';
import type { Column, Output } from './output.ts';

type PageOf<Field extends string> = Record<Field, readonly unknown[]> & {
  readonly unreachableHosts?: readonly string[];
  readonly nextPageToken?: string;
};

type ItemOf<Page, Field extends keyof Page> = Page[Field] extends readonly (infer Item)[]
  ? Item
  : never;

/** The columns of a table, or those that fit to its items. */
type ColumnsOf<Item> =
  readonly Column<Item>[] | ((items: readonly Item[]) => readonly Column<Item>[]);

export const allPages = async <Page extends { readonly nextPageToken?: string }>(
  ask: (page: { pageSize: number; pageToken: string }) => Promise<Page>,
): Promise<Page[]> => {
  const pages: Page[] = [];
  let pageToken: string | undefined = '';
  do {
    const page: Page = await ask({ pageSize: 1_000, pageToken });
    pages.push(page);
    pageToken = page.nextPageToken;
  } while (pageToken);
  return pages;
};

/**
 * Asks for every page of a list and prints what is under `field`: a table for people, one array for programs. A note
 * names the hosts that did not answer.
 */
export const tellList = async <Field extends string & keyof Page, Page extends PageOf<Field>>(
  output: Output,
  method: GeneratedMethod<Page>,
  ask: (page: { pageSize: number; pageToken: string }) => Promise<Page>,
  field: Field,
  columns: ColumnsOf<ItemOf<Page, Field>>,
): Promise<Page[]> => {
  const pages = await allPages(ask);
  const hosts = new Set(pages.flatMap(({ unreachableHosts = [] }) => unreachableHosts));
  if (hosts.size > 0) {
    output.note(`incomplete: no answer from ${[...hosts].join(', ')}`);
  }
  const items = pages.flatMap((page) => page[field] as readonly ItemOf<Page, Field>[]);
  output.table(items, typeof columns === 'function' ? columns(items) : columns);
  if (output.isJson) {
    const { listJson } = await import('./descriptors.ts');
    output.json(pages.flatMap((page) => listJson(method, page, field)));
  }
  return pages;
};
