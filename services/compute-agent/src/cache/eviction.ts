/** A scene on disk. */
export interface CachedScene {
  sizeBytes: number;
  /** When somebody last asked for it, ms since 1970. */
  usedMs: number;
}

/**
 * Chooses the scenes to remove so that the rest and `arrivingBytes` fit into the limit. The scenes that
 * nobody asked for the longest go first; a scene in use stays. Undefined if that is not enough.
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
  const unused = [...scenes]
    .filter(([hash]) => !isInUse(hash))
    .sort(([, a], [, b]) => a.usedMs - b.usedMs);
  for (const [hash, { sizeBytes }] of unused) {
    if (excess > 0) {
      excess -= sizeBytes;
      going.push(hash);
    }
  }
  return excess <= 0 ? going : undefined;
};
