import { record, type Draft } from './decision.ts';
import { troubleOf } from '../state/workload.ts';

/** Number of tasks that a user failed and others completed, from which on the user is taken to be at fault. */
const MOST_BLAME = 3;

/** Runs after a task was accepted. Bars each user that failed it and has failed too many tasks that others completed. */
export const barWhomItShows = (draft: Draft, ordinal: number): void => {
  const failures = troubleOf(draft.state, ordinal)?.failures ?? [];
  for (const user of new Set(failures.map((failure) => failure.user))) {
    const blame = draft.state.blame.get(user) ?? 0;
    if (blame < MOST_BLAME || draft.state.barred.has(user)) {
      continue;
    }
    record(draft, {
      kind: 'user-barred',
      user,
      reason: `failed ${blame} tasks that others then completed`,
    });
  }
};
