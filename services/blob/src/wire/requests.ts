import { CUSTOMER_ID_RULE, isCustomerId } from '#libs/auth/index.ts';
import { isManifest, type ManifestName, parseBlobName, type Violations } from '#libs/mesh/index.ts';

/** Fields that several requests share, with one wording for what is wrong. */

const MAX_TTL_SECONDS = 86_400;
const DEFAULT_TTL_SECONDS = 900;

interface Asking {
  role: string;
  subject: string;
}

/** The customer of a request: a customer is always their own, any other caller names one. */
export const customerOf = (caller: Asking, customerId: string): string =>
  caller.role === 'customer' ? caller.subject : customerId;

export const checkCustomer = (
  wrong: Violations,
  field: string,
  caller: Asking,
  customerId: string,
): void => {
  if (caller.role === 'customer') {
    const isOwn = customerId === '' || customerId === caller.subject;
    wrong.require(isOwn, field, 'leave it empty: what you send is yours');
  } else {
    wrong.require(isCustomerId(customerId), field, `names the customer and ${CUSTOMER_ID_RULE}`);
  }
};

/** When a URL that is made now expires, in whole seconds, because its signature carries no fractions. */
export const expireTimeOf = (ttlSeconds: number, nowMs: number): Date => {
  const seconds = ttlSeconds === 0 ? DEFAULT_TTL_SECONDS : ttlSeconds;
  return new Date((Math.ceil(nowMs / 1000) + seconds) * 1000);
};

export const checkTtl = (wrong: Violations, ttlSeconds: number): void => {
  const description = `1 to ${MAX_TTL_SECONDS}, or 0 for ${DEFAULT_TTL_SECONDS}`;
  wrong.require(ttlSeconds <= MAX_TTL_SECONDS, 'ttl_seconds', description);
};

/** What the name of a manifest says. Throws INVALID_FIELDS, also for what `wrong` holds already. */
export const requireManifest = (wrong: Violations, blobName: string): ManifestName => {
  const name = parseBlobName(blobName);
  const manifest = name !== undefined && isManifest(name) ? name : undefined;
  wrong.require(manifest !== undefined, 'blob_name', 'the name of what CommitParts stored');
  return wrong.passed(manifest);
};
