/** A scene on disk. */
export interface CachedScene {
  sizeBytes: number;
  /** When somebody last asked for it, ms since 1970. */
  usedMs: number;
}

/**
 * Chooses the scenes to remove so that the rest and `arrivingBytes` fit into the limit. The scenes that nobody asked for
 * the longest go first; one in use stays. Undefined if that is not enough.
 */
export const toEvict = (
  scenes: ReadonlyMap<string, CachedScene>,
  inUse: ReadonlySet<string>,
  limitBytes: number,
  arrivingBytes: number,
): string[] | undefined => {
  let excess = arrivingBytes - limitBytes;
  for (const { sizeBytes } of scenes.values()) {
    excess += sizeBytes;
  }
  const going: string[] = [];
  for (const [hash, { sizeBytes }] of [...scenes].sort(([, a], [, b]) => a.usedMs - b.usedMs)) {
    if (excess > 0 && !inUse.has(hash)) {
      excess -= sizeBytes;
      going.push(hash);
    }
  }
  return excess <= 0 ? going : undefined;
};
