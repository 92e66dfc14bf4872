import { randomFillSync } from 'node:crypto';

/** Chance as an argument, because a test has to repeat it. */
export interface Random {
  /** `<prefix>-` and 16 characters of [a-z0-9]: 82 bits, fit for NATS subjects, paths and Mongo keys. */
  id(prefix: string): string;
  /** Evenly distributed in [0, 1). */
  float(): number;
  bytes(n: number): Uint8Array;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ID_CHARS = 16;
// Larger bytes are thrown away. With them, the first letters of the alphabet would be more frequent.
const FAIR_LIMIT = 256 - (256 % ALPHABET.length);

const idFrom = (bytes: (n: number) => Uint8Array, prefix: string): string => {
  let id = '';
  while (id.length < ID_CHARS) {
    for (const byte of bytes(ID_CHARS + 8)) {
      if (byte < FAIR_LIMIT && id.length < ID_CHARS) {
        id += ALPHABET[byte % ALPHABET.length];
      }
    }
  }
  return `${prefix}-${id}`;
};

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

/** The same values for the same 32-bit seed, never for secrets: SplitMix32, a Weyl sequence through MurmurHash3's finaliser. */
export const seededRandom = (seed: number): Random => {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const bytes = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => next() >>> 24);
  return {
    id: (prefix) => idFrom(bytes, prefix),
    float: () => next() / 2 ** 32,
    bytes,
  };
};
