import { randomBytes } from 'node:crypto';
import { idFrom, type Random } from './random.ts';

/** The operating system's randomness, good enough for secrets. */
export const systemRandom: Random = {
  id: (prefix) => idFrom(randomBytes, prefix),
  float: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  bytes: (n) => randomBytes(n),
};
