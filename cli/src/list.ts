import type { GeneratedMethod } from './descriptors.ts';
import type { Column, Output } from './output.ts';

/** Every page of a paginated list. */
export const allPages = async <Page extends { nextPageToken: string }>(
  ask: (pageToken: string) => Promise<Page>,
): Promise<Page[]> => {
  const pages: Page[] = [];
  let pageToken = '';
  do {
    const page = await ask(pageToken);
    pages.push(page);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return pages;
};

type ItemOf<Page, Field extends keyof Page> = Page[Field] extends readonly (infer Item)[]
  ? Item
  : never;

/**
 * Prints what is under `field` of a list's pages: a table for people, one array for programs. A note names the hosts
 * that did not answer.
 */
export const tellList = async <
  Page extends { readonly unreachableHosts?: readonly string[] } & Record<
    Field,
    readonly unknown[]
  >,
  Field extends string & keyof Page,
>(
  output: Output,
  method: GeneratedMethod<Page>,
  pages: readonly Page[],
  field: Field,
  columns: readonly Column<ItemOf<Page, Field>>[],
): Promise<void> => {
  const hosts = new Set(pages.flatMap(({ unreachableHosts = [] }) => unreachableHosts));
  if (hosts.size > 0) {
    output.note(`incomplete: no answer from ${[...hosts].join(', ')}`);
  }
  output.table(
    pages.flatMap((page) => page[field] as readonly ItemOf<Page, Field>[]),
    columns,
  );
  if (!output.isJson) {
    return;
  }
  const { listJson } = await import('./descriptors.ts');
  output.json(pages.flatMap((page) => listJson(method, page, field)));
};
