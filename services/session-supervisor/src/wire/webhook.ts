import type { Caller } from '#libs/auth/index.ts';
import { CUSTOMER_ID_RULE, isCustomerId } from '#libs/auth/index.ts';
import type { Webhook } from '#libs/contracts/session.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { collectViolations, type Violations } from '#libs/mesh/index.ts';
import type { WebhookDocument } from '../store/webhooks.ts';

export const webhookToProto = (
  { _id, url, createdAt, lastSuccessAt, lastFailureAt, lastFailure }: WebhookDocument,
  waiting: number,
): Webhook => ({
  customerId: _id,
  url,
  createTime: createdAt,
  waiting,
  lastSuccessTime: lastSuccessAt,
  lastFailure: lastFailure ?? '',
  lastFailureTime: lastFailureAt,
});

/** Whose webhook is meant: the caller's, or the one that an operator names. Notes what is wrong with it. */
export const ownerOf = (
  wrong: Violations,
  caller: Caller | undefined,
  customerId: string,
): string => {
  const customer = caller?.role === 'customer' ? caller.subject : customerId;
  wrong.require(isCustomerId(customer), 'customer_id', CUSTOMER_ID_RULE);
  wrong.require(customerId === '' || customerId === customer, 'customer_id', 'must be your own');
  return customer;
};

/** The same for requests without other fields. Throws `INVALID_FIELDS`. */
export const onlyOwnerOf = (caller: Caller | undefined, customerId: string): string => {
  const wrong = collectViolations();
  const customer = ownerOf(wrong, caller, customerId);
  wrong.throwIfAny();
  return customer;
};

export const webhookNotFound = (customer: string): DomainError =>
  new DomainError(
    status.NOT_FOUND,
    'WEBHOOK_NOT_FOUND',
    `customer ${customer} has no webhook; set one with SetWebhook`,
    { customer },
  );

export const webhookAddressRefused = (message: string, address: string): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'WEBHOOK_ADDRESS_REFUSED',
    `${message}; an operator can allow its network in MUSTER_WEBHOOK_NETWORKS (muster up --webhook-network)`,
    { address },
  );
