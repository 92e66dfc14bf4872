/** What is asked of whoever holds a place: a least rate, and an end. */
export interface PaceRules {
  minBytesPerSecond: number;
  /** How long a whole transfer may take, however large it is. */
  withinMs: number;
}

/** How long nothing may come, and how far a sender may fall behind the least rate. A chunk of 1 MiB on a slow line needs it. */
export const PATIENCE_MS = 60_000;

export type Pace = ReturnType<typeof createPace>;

/** Meters one side of a transfer. It counts only the time that the mesh waits for it, so a slow storage is not its fault. */
export const createPace = ({ minBytesPerSecond }: Pick<PaceRules, 'minBytesPerSecond'>) => {
  let leftMs = PATIENCE_MS;
  return {
    /** How much longer the mesh waits. It grows with what comes, up to {@link PATIENCE_MS}. */
    leftMs: (): number => leftMs,
    waited: (ms: number): void => {
      leftMs -= ms;
    },
    moved: (bytes: number): void => {
      leftMs = Math.min(PATIENCE_MS, leftMs + (bytes * 1_000) / minBytesPerSecond);
    },
  };
};

/** A little for the storage, whatever comes. */
const BASE_MS = 10 * 60_000;

/** How long a transfer may take as a whole: twice what its bytes take at the least rate, and never over the bound. */
export const wholeMs = (
  { minBytesPerSecond, withinMs }: PaceRules,
  sizeBytes: number | undefined,
): number =>
  sizeBytes === undefined
    ? withinMs
    : Math.min(withinMs, BASE_MS + (2_000 * sizeBytes) / minBytesPerSecond);
