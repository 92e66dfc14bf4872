import { hash } from 'node:crypto';

const DIGEST_BYTES = 32;

/**
 * The result of a task: the SHA-256 digests of `<key>/0`, `<key>/1`, … in a row, cut to `length` bytes. The key is
 * `<workload>/<task>`.
 */
export const noopBytes = (key: string, length: number): Uint8Array => {
  const bytes = Buffer.allocUnsafe(Math.ceil(length / DIGEST_BYTES) * DIGEST_BYTES);
  for (let i = 0; i * DIGEST_BYTES < length; i += 1) {
    bytes.set(hash('sha256', `${key}/${i}`, 'buffer'), i * DIGEST_BYTES);
  }
  return bytes.subarray(0, length);
};
