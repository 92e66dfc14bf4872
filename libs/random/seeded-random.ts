import { idFrom, type Random } from './random.ts';

/**
 * The same values in the same order for the same seed (a 32-bit integer). For simulations and tests, never for
 * secrets. The generator is SplitMix32: a Weyl sequence through the finaliser of MurmurHash3.
 */
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
