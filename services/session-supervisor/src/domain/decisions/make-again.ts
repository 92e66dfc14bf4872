import { fitWorkers } from './decide-users.ts';
import type { Draft } from './decision.ts';

/** These tasks wait for a user again. */
export const makeAgain = (draft: Draft, ordinals: readonly number[]): undefined => {
  for (const ordinal of ordinals) {
    draft.workers.queue.giveBack(ordinal);
  }
  fitWorkers(draft);
  draft.effects.push({ kind: 'demand', verb: 'more-users' });
  return undefined;
};
