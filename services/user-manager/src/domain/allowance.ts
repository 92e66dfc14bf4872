/** What somebody may still cost. It fills with time, and with what the mesh asks of them. */
export type Allowance = ReturnType<typeof createAllowance>;

interface AllowanceOptions {
  /** How full it gets by itself; it begins so full. */
  max: number;
  perSecond: number;
  /** How full it gets by earning. */
  maxEarned?: number;
  monotonic: () => number;
}

/** The bound on what one may cost, as a bucket that leaks backwards: whoever has overdrawn it waits until it is at 0 again. */
export const createAllowance = ({
  max,
  perSecond,
  maxEarned = max,
  monotonic,
}: AllowanceOptions) => {
  let left = max;
  let at = monotonic();
  const fill = (): void => {
    const now = monotonic();
    left = Math.max(left, Math.min(max, left + ((now - at) / 1_000) * perSecond));
    at = now;
  };
  return {
    /** Takes the cost of something that has come, and answers how many milliseconds to wait before the next; 0 for none. */
    spend(cost: number): number {
      fill();
      left -= cost;
      return left >= 0 ? 0 : Math.ceil((-left / perSecond) * 1_000);
    },
    /** Adds what the mesh itself has asked for. */
    earn(more: number): void {
      fill();
      left = Math.max(left, Math.min(maxEarned, left + more));
    },
  };
};
