import type { Clock } from '#libs/clock/index.ts';
import { endMarked } from './end.ts';

/** Ends what carries nonces, as `endMarked` does; resolves to whether nothing of these is left. */
export type Ender = (nonces: readonly string[], graceMs: number) => Promise<boolean>;

/**
 * Looks for all that is to be ended at the same moment in one walk through the processes: a host that ends a thousand programs would
 * walk for longer than it may take.
 */
export const createEnder = (clock: Clock): Ender => {
  const batches = new Map<number, { nonces: Set<string>; left: Promise<ReadonlySet<string>> }>();
  const begin = (graceMs: number) => {
    const nonces = new Set<string>();
    const left = clock.sleep(0).then(() => {
      batches.delete(graceMs);
      return endMarked(nonces, graceMs, clock);
    });
    const batch = { nonces, left };
    batches.set(graceMs, batch);
    return batch;
  };
  return async (nonces, graceMs) => {
    if (nonces.length === 0) return true;
    const batch = batches.get(graceMs) ?? begin(graceMs);
    for (const nonce of nonces) batch.nonces.add(nonce);
    const left = await batch.left;
    return nonces.every((nonce) => !left.has(nonce));
  };
};
