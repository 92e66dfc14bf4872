import { randomFillSync } from 'node:crypto';
import { idFrom, type Random } from './random.ts';

// One call to the operating system costs as much as two hundred of these bytes.
const POOL_BYTES = 8_192;

let pool = Buffer.alloc(0);

/** `n` random bytes of the operating system, out of a stock. No byte is given out twice. */
const pooledBytes = (n: number): Uint8Array => {
  if (n > POOL_BYTES / 4) {
    return randomFillSync(new Uint8Array(n));
  }
  if (pool.length < n) {
    pool = randomFillSync(Buffer.allocUnsafeSlow(POOL_BYTES));
  }
  const bytes = Uint8Array.from(pool.subarray(0, n));
  pool.fill(0, 0, n);
  pool = pool.subarray(n);
  return bytes;
};

/** The operating system's randomness, good enough for secrets. */
export const systemRandom: Random = {
  id: (prefix) => idFrom(pooledBytes, prefix),
  float: () => Buffer.from(pooledBytes(6)).readUIntBE(0, 6) / 2 ** 48,
  bytes: pooledBytes,
};
