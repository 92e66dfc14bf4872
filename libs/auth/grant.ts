import { timingSafeEqual } from 'node:crypto';
import { hmac, type Secret } from './secret.ts';

/** One blob and its reader: a machine reads the scene of its work, a customer the results of their workloads. */
export type GrantFields = { blob: string } & ({ machine: string } | { customer: string });

/**
 * Lets one holder read one blob as long as the blob exists. A grant has 32 bytes and is useless to anybody else.
 */
export const signGrant = (meshSecret: Secret, grant: GrantFields): Uint8Array =>
  'machine' in grant
    ? hmac(meshSecret, 'grant-machine', [grant.blob, grant.machine])
    : hmac(meshSecret, 'grant-customer', [grant.blob, grant.customer]);

/** Compares in constant time. */
export const verifyGrant = (
  meshSecret: Secret,
  grant: GrantFields,
  signature: Uint8Array,
): boolean => {
  const expected = signGrant(meshSecret, grant);
  return signature.length === expected.length && timingSafeEqual(expected, signature);
};
