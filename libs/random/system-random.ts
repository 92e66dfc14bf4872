import { pooledBytes } from './pooled-bytes.ts';
import { idFrom, type Random } from './random.ts';

/** The operating system's randomness, good enough for secrets. */
export const systemRandom: Random = {
  id: (prefix) => idFrom(pooledBytes, prefix),
  float: () => Buffer.from(pooledBytes(6)).readUIntBE(0, 6) / 2 ** 48,
  bytes: pooledBytes,
};
