/** Every item of a paginated list, page after page. */
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
