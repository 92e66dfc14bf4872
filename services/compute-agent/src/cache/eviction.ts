/** What is on disk under one hash. */
export interface CachedScene {
  sizeBytes: number;
  /** When it was last wanted, ms since 1970. */
  usedMs: number;
}

/**
 * Which scenes have to go so that all that is left and `arrivingBytes` fit into the limit: the longest unused ones first,
 * never one in use. Undefined when there is no way.
 */
export const toEvict = (
  scenes: ReadonlyMap<string, CachedScene>,
  isInUse: (hash: string) => boolean,
  limitBytes: number,
  arrivingBytes: number,
): string[] | undefined => {
  let excess = arrivingBytes - limitBytes;
  for (const { sizeBytes } of scenes.values()) {
    excess += sizeBytes;
  }
  const going: string[] = [];
  const unused = [...scenes].filter(([hash]) => !isInUse(hash)).sort(([, a], [, b]) => a.usedMs - b.usedMs);
  for (const [hash, { sizeBytes }] of unused) {
    if (excess > 0) {
      excess -= sizeBytes;
      going.push(hash);
    }
  }
  return excess <= 0 ? going : undefined;
};
