import { record, type Draft } from './decision.ts';
import { troubleOf } from '../state/workload.ts';

/** So many tasks that a user failed and others completed, and it is the user that is at fault. */
const MOST_BLAME = 3;

/** After a task was accepted: bars the users who failed it and too many others that were possible. */
export const barWhomItShows = (draft: Draft, ordinal: number): void => {
  const failures = troubleOf(draft.state, ordinal)?.failures ?? [];
  for (const user of new Set(failures.map((failure) => failure.user))) {
    const blame = draft.state.blame.get(user) ?? 0;
    if (blame < MOST_BLAME || draft.state.barred.has(user)) continue;
    record(draft, { kind: 'user-barred', user, reason: `failed ${blame} tasks that others then completed` });
  }
};
