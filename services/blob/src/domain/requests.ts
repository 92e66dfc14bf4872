import { CUSTOMER_ID_RULE, isCustomerId } from '#libs/auth/index.ts';
import type { FieldCheck } from './errors.ts';

/** What several requests have in common, with one wording for what is wrong. */

const maximumTtlSeconds = 86_400;
const defaultTtlSeconds = 900;

interface Asking {
  role: string;
  subject: string;
}

/** Whose thing a request is about: a customer's own, for anybody else the customer that they name. */
export const customerOf = (caller: Asking, customerId: string): string =>
  caller.role === 'customer' ? caller.subject : customerId;

export const customerCheck = (field: string, caller: Asking, customerId: string): FieldCheck =>
  caller.role === 'customer'
    ? [field, customerId === '' || customerId === caller.subject, 'leave it empty: what you send is yours']
    : [field, isCustomerId(customerId), `names the customer and ${CUSTOMER_ID_RULE}`];

/** When a URL that is made now stops working; whole seconds, as its signature carries no more. */
export const expireTimeOf = (ttlSeconds: number, nowMs: number): Date => {
  const seconds = ttlSeconds === 0 ? defaultTtlSeconds : ttlSeconds;
  return new Date((Math.ceil(nowMs / 1000) + seconds) * 1000);
};

export const ttlCheck = (ttlSeconds: number): FieldCheck => [
  'ttl_seconds',
  ttlSeconds <= maximumTtlSeconds,
  `1 to ${maximumTtlSeconds}, or 0 for ${defaultTtlSeconds}`,
];
