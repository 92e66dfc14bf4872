/** Orders desired states. */
export interface DesiredOrder {
  claim: number;
  epoch: number;
  counter: number;
}

/** The order before the first desired state. */
export const NO_ORDER: DesiredOrder = { claim: -1, epoch: -1, counter: -1 };

/** Whether a desired state replaces another: its claim, epoch or counter, in this order, is greater. */
export const isNewer = (state: DesiredOrder, than: DesiredOrder): boolean => {
  const difference =
    state.claim - than.claim || state.epoch - than.epoch || state.counter - than.counter;
  return difference > 0;
};
