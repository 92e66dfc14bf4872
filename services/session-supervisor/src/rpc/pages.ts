import type { FieldViolation } from '#libs/errors/index.ts';
import { invalidFields } from '#libs/errors/index.ts';

const DEFAULT_SIZE = 100;
const MAX_SIZE = 1_000;

/** How a list request asks for its page. */
export interface PageRequest {
  pageSize: number;
  pageToken: string;
}

/** A page's size and where it begins. Throws INVALID_FIELDS. `read` answers undefined for a token that was never given. */
export const parsePage = <T>(
  { pageSize, pageToken }: PageRequest,
  read: (parts: readonly string[]) => T | undefined,
): { limit: number; after: T | undefined } => {
  const violations: FieldViolation[] = [];
  if (pageSize < 0 || pageSize > MAX_SIZE) {
    violations.push({ field: 'page_size', description: `must be 1 to ${MAX_SIZE}, or 0 for ${DEFAULT_SIZE}` });
  }
  const after = pageToken === '' ? undefined : read(decode(pageToken));
  if (pageToken !== '' && after === undefined) {
    violations.push({ field: 'page_token', description: 'must be the next_page_token of the answer before' });
  }
  if (violations.length > 0) throw invalidFields(violations);
  return { limit: pageSize || DEFAULT_SIZE, after };
};

/** A token that `parsePage` reads back. */
export const pageToken = (...parts: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(parts.map(String))).toString('base64url');

const decode = (token: string): readonly string[] => {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    return Array.isArray(parts) && parts.every((part) => typeof part === 'string') ? parts : [];
  } catch {
    return [];
  }
};

/** A number from a token: an integer of at least 0. */
export const tokenNumber = (part: string | undefined): number | undefined =>
  part !== undefined && /^\d{1,15}$/.test(part) ? Number(part) : undefined;
