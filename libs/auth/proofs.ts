import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';

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

/**
 * HMAC-SHA-256 over a purpose and its fields. Each text follows its length, so no two lists of fields give the same
 * input. The purpose makes a signature for one thing invalid for another.
 */
export const hmac = (
  secret: Secret,
  purpose: string,
  fields: readonly (string | number)[],
): Buffer => {
  const input = fields.map(String).map((text) => `\n${text.length}:${text}`);
  return createHmac('sha256', secret)
    .update(`${purpose}${input.join('')}`)
    .digest();
};

/** Compares in constant time. */
const isSame = (expected: Uint8Array, given: Uint8Array): boolean =>
  given.length === expected.length && timingSafeEqual(expected, given);

/** The key that signs what a customer's webhook is told. `nonce` makes it another one each time that a webhook is set. */
export const webhookKey = (meshSecret: Secret, customer: string, nonce: string): Buffer =>
  hmac(meshSecret, 'webhook', [customer, nonce]);

/** The fields that an attempt's token signs. */
export interface AttemptFields {
  /** The task's key `<node>/<index>`. */
  task: string;
  generation: number;
  /** The attempt's id, `<epoch>-<counter>`. */
  attempt: string;
  /** The machine that the attempt was handed to. */
  user: string;
}

/** 128 bit: too many to guess, small enough for every message of the agents' streams. */
export const ATTEMPT_TOKEN_BYTES = 16;

/** The key that signs one workload's attempts. Making it costs an HMAC, so keep it. */
export const workloadKey = (meshSecret: Secret, workloadId: string): KeyObject =>
  createSecretKey(hmac(meshSecret, 'workload', [workloadId]));

/** The token that proves that the workload's owner handed this attempt to this user: the head of an HMAC-SHA-256. */
export const attemptToken = (
  key: KeyObject,
  { task, generation, attempt, user }: AttemptFields,
): Uint8Array =>
  hmac(key, 'attempt', [task, generation, attempt, user]).subarray(0, ATTEMPT_TOKEN_BYTES);

export const verifyAttemptToken = (
  key: KeyObject,
  fields: AttemptFields,
  token: Uint8Array,
): boolean => isSame(attemptToken(key, fields), token);

/** 96 bit as hexadecimal digits. */
const BLOB_TAG_BYTES = 12;

/** The part of the names of an attempt's blobs that only the mesh can compute, 24 hexadecimal digits. `key` is the workload's. */
export const blobTag = (
  key: KeyObject,
  { task, generation, attempt }: Omit<AttemptFields, 'user'>,
): string =>
  hmac(key, 'blob-name', [task, generation, attempt]).subarray(0, BLOB_TAG_BYTES).toString('hex');

/** The fields that a receipt signs: which bytes are stored under which name. */
interface ReceiptFields {
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

export const verifyReceipt = (
  meshSecret: Secret,
  fields: ReceiptFields,
  signature: Uint8Array,
): boolean => isSame(signReceipt(meshSecret, fields), signature);

/**
 * One blob and its reader: a machine reads the scene of its work, a customer the results of their workloads, and any agent that
 * has the manifest of a project the files of that project.
 */
type GrantFields = { blob: string } & (
  { machine: string } | { customer: string } | { reader: 'agents' }
);

/**
 * Lets the holder read one blob as long as the blob exists. A grant has 32 bytes. One for a machine or a customer is useless to
 * anybody else.
 */
export const signGrant = (meshSecret: Secret, grant: GrantFields): Uint8Array => {
  if ('machine' in grant) {
    return hmac(meshSecret, 'grant-machine', [grant.blob, grant.machine]);
  }
  return 'customer' in grant
    ? hmac(meshSecret, 'grant-customer', [grant.blob, grant.customer])
    : hmac(meshSecret, 'grant-agents', [grant.blob]);
};

export const verifyGrant = (
  meshSecret: Secret,
  grant: GrantFields,
  signature: Uint8Array,
): boolean => isSame(signGrant(meshSecret, grant), signature);
