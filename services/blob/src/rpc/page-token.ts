export interface PageToken {
  /** False for a token that this question did not give. */
  isOurs: boolean;
  /** Where the page begins; undefined: at the beginning. */
  position: string | undefined;
}

/** Where a page ended and what was asked for, so that a token only goes on with the same question. */
export const encodePageToken = (question: string, position: string | undefined): string =>
  position === undefined ? '' : Buffer.from(JSON.stringify([question, position])).toString('base64url');

export const decodePageToken = (question: string, token: string): PageToken => {
  const foreign = { isOurs: false, position: undefined };
  if (token === '') return { isOurs: true, position: undefined };
  try {
    const read: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (!Array.isArray(read) || read.length !== 2) return foreign;
    const [asked, position]: unknown[] = read;
    return asked === question && typeof position === 'string' ? { isOurs: true, position } : foreign;
  } catch {
    return foreign;
  }
};
