import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** 256 bit, as long as the HMAC that it keys. */
const MIN_SECRET_BYTES = 32;

/** A secret of the mesh, or a workload's key derived from it. With a `KeyObject` an HMAC costs a quarter. */
export type Secret = KeyObject | Uint8Array;

/** The mesh secret from its text: hexadecimal or base64 of at least 32 bytes. Throws TypeError on anything else. */
export const parseMeshSecret = (text: string): KeyObject => {
  const trimmed = text.trim();
  const isHex = /^([0-9a-f]{2})+$/i.test(trimmed);
  const bytes = Buffer.from(trimmed, isHex ? 'hex' : 'base64');
  if (bytes.length < MIN_SECRET_BYTES || !/^[\w+/-]+={0,2}$/.test(trimmed)) {
    throw new TypeError('the mesh secret is hexadecimal or base64 of at least 32 random bytes');
  }
  return createSecretKey(bytes);
};

/** Makes the `KeyObject` once per secret: callers who hold bytes do not pay for it with each HMAC. */
export const keyOf = (secret: Secret): KeyObject => {
  if (!(secret instanceof Uint8Array)) {
    return secret;
  }
  const known = keysByBytes.get(secret);
  if (known !== undefined) {
    return known;
  }
  const key = createSecretKey(secret);
  keysByBytes.set(secret, key);
  return key;
};

const keysByBytes = new WeakMap<Uint8Array, KeyObject>();

/**
 * HMAC-SHA-256 over a purpose and its fields. Each text follows its length, so no two lists of fields give the same
 * input. The purpose makes a signature for one thing invalid for another.
 */
export const hmac = (
  secret: Secret,
  purpose: string,
  fields: readonly (string | number)[],
): Buffer => {
  let input = purpose;
  for (const field of fields) {
    const text = String(field);
    input += `\n${text.length}:${text}`;
  }
  return createHmac('sha256', keyOf(secret)).update(input).digest();
};
