import { falloutOf, inputsOf } from '../graph/readiness.ts';
import { ordinalsToText } from '../graph/task-text.ts';
import { isWorthSplitting } from '../scheduling/splitting.ts';
import { withdrawTask } from '../scheduling/workers.ts';
import { isAsleep, isReady, outerCountsOf } from '../state/workload.ts';
import { record, type Draft } from './decision.ts';
import type { InputOf } from './inputs.ts';
import { makeAgain } from './make-again.ts';
import { MAX_GENERATION } from './reopen.ts';

/** Decides whether a task that takes long is split: other users do the tasks that sleep for it. */
export const decideSlow = (draft: Draft, input: InputOf<'slow'>): void => {
  const { state, workers, planUsers } = draft;
  const worker = workers.byId.get(input.user);
  const held = worker?.attempts.get(input.attempt);
  if (
    held === undefined ||
    worker?.connection !== input.connection ||
    state.phase !== 'running' ||
    !isReady(state, held.ordinal) ||
    state.generation >= MAX_GENERATION
  ) {
    return;
  }
  const asleep = inputsOf(state, held.ordinal).filter((each) => isAsleep(state, each));
  const offered = Math.min(workers.suitable, state.wanted, planUsers);
  const users = Math.max(offered, workers.byId.size);
  const open = outerCountsOf(state).remaining;
  if (asleep.length === 0 || !isWorthSplitting({ ...input, open, users, asleep: asleep.length })) {
    return;
  }
  record(draft, { kind: 'split', tasks: ordinalsToText(state.graph, asleep) });
  const begunAnew = falloutOf(state.graph, asleep);
  for (const ordinal of begunAnew) {
    withdrawTask(workers, ordinal);
  }
  makeAgain(draft, [...asleep, ...begunAnew]);
};
