/** What is known of a machine from second looks at its results. */
export interface Reputation {
  /** Second looks since the last miss that found what it had reported. */
  good: number;
}

/** Good looks after which a machine is known. */
const KNOWN_AFTER = 10;
/** The share of a new machine's results that is looked at twice. */
const NEW_SHARE = 1 / 2;

/** For so long a second look waits for another owner before anybody may end it. */
export const LOOK_PATIENCE_MS = 60_000;

/** The share of a machine's results that is looked at twice: often while it is new, then ever more rarely. */
export const shareOf = ({ good }: Reputation): number =>
  good < KNOWN_AFTER ? NEW_SHARE : 1 / good;

/**
 * Whether a result is looked at twice.
 *
 * @param chance uniform from 0 to 1, which no machine can foresee
 */
export const isChosen = (reputation: Reputation, chance: number): boolean =>
  chance < shareOf(reputation);

/** A machine begins anew after a miss. */
export const afterLook = ({ good }: Reputation, isGood: boolean): Reputation => ({
  good: isGood ? good + 1 : 0,
});
