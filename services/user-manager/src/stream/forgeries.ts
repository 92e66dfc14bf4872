import type { Outcome } from '#libs/contracts/agent.ts';

/** An honest agent has no forgeries; one with damaged records has a few. */
const MAX_FORGERIES = 100;
const FORGED: ReadonlySet<string> = new Set(['TOKEN_INVALID', 'RECEIPT_INVALID']);

/** Counts the reports of one stream whose tokens or receipts prove nothing. */
interface Forgeries {
  /** Answers the number so far if there are too many, else undefined. */
  count(outcomes: readonly Outcome[]): number | undefined;
}

export const createForgeries = (): Forgeries => {
  let total = 0;
  return {
    count(outcomes) {
      for (const { reason } of outcomes) {
        if (FORGED.has(reason)) {
          total += 1;
        }
      }
      return total > MAX_FORGERIES ? total : undefined;
    },
  };
};
