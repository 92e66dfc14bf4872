/** Pages of lists: sizes, tokens, and what is wrong with them. */
export { cutPage, pageToken, parsePage, readPage, type Page, type PageAsk } from './pages.ts';
