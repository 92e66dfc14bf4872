import { judge } from '../checking/judge.ts';
import { isChosen } from '../checking/policy.ts';
import { ordinalsToText } from '../graph/task-text.ts';
import { has, ordinalsOf } from '../sets/bitmap.ts';
import { valueAt } from '../sets/small-int-map.ts';
import type { Vote } from '../state/entries.ts';
import { hasEnded, troubleOf } from '../state/workload.ts';
import { record, type Draft } from './decision.ts';
import type { Verified } from './inputs.ts';
import { makeAgain } from './make-again.ts';
import { MAX_GENERATION } from './reopen.ts';

type Look = NonNullable<Verified['look']>;

/** Whether somebody of another owner serves the session, or did. */
const hasOther = ({ state, workers }: Draft, owners: ReadonlySet<string>): boolean =>
  workers.known.entries().some(([id, { owner }]) => !owners.has(owner) && !state.barred.has(id));

/** Whether others make a sound result again, or have begun to. */
export const isLookWanted = (draft: Draft, ordinal: number, { result, chance }: Look): boolean => {
  const { state, workers } = draft;
  if (state.looks.has(ordinal)) {
    return true;
  }
  const maker = workers.known.get(result.user);
  // An ended workload gets no second looks, because its customer has its results; a task that fails does not either.
  const isHard = troubleOf(state, ordinal) !== undefined;
  if (maker === undefined || isHard || hasEnded(state) || state.generation >= MAX_GENERATION) {
    return false;
  }
  const good = maker.goodLooks + (state.goodLooks.get(result.user) ?? 0);
  return isChosen({ good }, chance) && hasOther(draft, new Set([maker.owner]));
};

/** Adds a result to what was made of a task, and judges. Returns whether the result counts. */
export const lookAgain = (draft: Draft, ordinal: number, { result, alike }: Look): boolean => {
  const { state, workers } = draft;
  const owner = workers.known.get(result.user)?.owner ?? result.user;
  const before = state.looks.get(ordinal) ?? [];
  const vote: Vote = { ...result, owner, alike };
  const votes = [...before, vote];
  const judgement = judge(votes);
  const { task } = result;
  if (judgement.kind === 'agreed') {
    const { right, wrong } = judgement;
    workers.lookedSince.delete(ordinal);
    record(draft, { kind: 'looked', task, right, wrong });
    const reason = `${right.length} others made ${task} again and agree on another picture`;
    for (const user of wrong) {
      const { userName } = votes.find((each) => each.user === user) ?? result;
      distrust(draft, { user, userName, task, reason });
    }
    draft.effects.push({ kind: 'looked', right, wrong: wrong.map((user) => ({ user, reason })) });
    return true;
  }
  const owners = new Set(votes.map((each) => each.owner));
  // Nobody else can say more of it.
  const isVoid = before.some((each) => each.owner === owner) || !hasOther(draft, owners);
  if (judgement.kind === 'undecided' || isVoid || state.generation >= MAX_GENERATION) {
    record(draft, { kind: 'looked', task, right: [], wrong: [] });
    workers.lookedSince.delete(ordinal);
    return true;
  }
  workers.lookedSince.delete(ordinal);
  record(draft, { kind: 'look-wanted', ...vote });
  makeAgain(draft, [ordinal]);
  return false;
};

/** All that a user made here, unless another owner made the same, is made again by others. */
const distrust = (
  draft: Draft,
  who: { user: string; userName: string; task: string; reason: string },
): void => {
  const { done, doneBy, shares, confirmed, graph } = draft.state;
  const index = shares.findIndex(({ id }) => id === who.user) + 1;
  const made = [...ordinalsOf(done)].filter(
    (ordinal) => index > 0 && valueAt(doneBy, ordinal) === index && !has(confirmed, ordinal),
  );
  // Empty where all that it made is being made again already.
  const tasks = ordinalsToText(graph, made);
  record(draft, { kind: 'user-distrusted', ...who, tasks });
  makeAgain(draft, made);
};
