/** The place of a desired state among others. */
export interface DesiredOrder {
  claim: number;
  reign: number;
  counter: number;
}

/** Before any desired state. */
export const NO_ORDER: DesiredOrder = { claim: -1, reign: -1, counter: -1 };

/**
 * Whether a desired state counts more than the one before: the greater (claim, reign, counter), compared in this order.
 * An equal one is the same state again.
 */
export const isNewer = (state: DesiredOrder, than: DesiredOrder): boolean => {
  const difference = state.claim - than.claim || state.reign - than.reign || state.counter - than.counter;
  return difference > 0;
};
