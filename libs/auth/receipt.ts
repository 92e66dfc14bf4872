import { timingSafeEqual } from 'node:crypto';
import { hmac, type Secret } from './secret.ts';

/** The fields that a receipt signs: which bytes are stored under which name. */
export interface ReceiptFields {
  /** The blob's name. */
  path: string;
  /** 64 lower-case hexadecimal digits. */
  sha256: string;
  sizeBytes: number;
}

/** The blob service's signature, 32 bytes. A holder of the mesh secret can check it without a request. */
export const signReceipt = (
  meshSecret: Secret,
  { path, sha256, sizeBytes }: ReceiptFields,
): Uint8Array => hmac(meshSecret, 'receipt', [path, sha256, sizeBytes]);

/** Compares in constant time. */
export const verifyReceipt = (
  meshSecret: Secret,
  fields: ReceiptFields,
  signature: Uint8Array,
): boolean => {
  const expected = signReceipt(meshSecret, fields);
  return signature.length === expected.length && timingSafeEqual(expected, signature);
};
