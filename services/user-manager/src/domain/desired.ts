import type { DesiredState } from '#libs/contracts/agent.ts';
import { compareNumbers } from './order.ts';

/** What a manager knows about the command over one of its agents. */
export interface Command {
  /** (claim, epoch, counter) of the latest state that went to the agent. */
  latest: readonly number[];
  /** The greatest claim that the mesh is known to have made. */
  claim: number;
  /** The claim was given back. Only its last session may still speak, and only to stop the agent. */
  isReleased: boolean;
}

export const noCommand: Command = { latest: [0, 0, -1], claim: 0, isReleased: false };

/** `outdated`: an equal or greater one of the same claim went already. `gone`: the session has lost the user. */
type Ruling = { kind: 'forward'; next: Command } | { kind: 'outdated' } | { kind: 'gone' };

/** Decides what becomes of a desired state that a session sends: the greatest (claim, epoch, counter) wins. */
export const ruleOnDesired = (command: Command, state: DesiredState): Ruling => {
  const isStop = state.attempts.length === 0 && !state.adopt;
  if (
    state.claim < command.claim ||
    (command.isReleased && state.claim === command.claim && !isStop)
  ) {
    return { kind: 'gone' };
  }
  const order = [state.claim, state.epoch, state.counter];
  if (compareNumbers(order, command.latest) <= 0) {
    return { kind: 'outdated' };
  }
  const isReleased = command.isReleased && state.claim === command.claim;
  return { kind: 'forward', next: { latest: order, claim: state.claim, isReleased } };
};

/** What a change of the user's record says about who may command it. */
export const learnClaim = (
  command: Command,
  change: { claim: number; isServing: boolean },
): Command =>
  change.claim < command.claim
    ? command
    : { ...command, claim: change.claim, isReleased: !change.isServing };
