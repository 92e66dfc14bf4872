import { judge } from '../checking/judge.ts';
import { isChosen } from '../checking/policy.ts';
import { taskKey } from '../graph/task-graph.ts';
import { ordinalsToText } from '../graph/task-text.ts';
import { has, ordinalsOf } from '../sets/bitmap.ts';
import { valueAt } from '../sets/small-int-map.ts';
import type { Vote } from '../state/entries.ts';
import { hasChecks, hasEnded, troubleOf, type WorkloadState } from '../state/workload.ts';
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

/** What counts of a user's results here, unless another owner made the same. */
const unconfirmedOf = (
  { done, doneBy, shares, confirmed }: WorkloadState,
  id: string,
): number[] => {
  const index = shares.findIndex((share) => share.id === id) + 1;
  return index === 0
    ? []
    : [...ordinalsOf(done)].filter(
        (ordinal) => valueAt(doneBy, ordinal) === index && !has(confirmed, ordinal),
      );
};

/** All that a user made here, unless another owner made the same, is made again by others. */
const distrust = (
  draft: Draft,
  who: { user: string; userName: string; task: string; reason: string },
): void => {
  const made = unconfirmedOf(draft.state, who.user);
  // Empty where all that it made is being made again already.
  const tasks = ordinalsToText(draft.state.graph, made);
  record(draft, { kind: 'user-distrusted', ...who, tasks });
  makeAgain(draft, made);
};

/**
 * Another workload caught a user. What it made here and nobody confirmed is made again too; that a report of it comes after that is
 * noticed at the next answer of the matcher. The customer has the results of an ended workload.
 */
export const distrustElsewhere = (
  draft: Draft,
  { user, reason }: { user: string; reason: string },
): void => {
  const { state } = draft;
  const share = state.shares.find(({ id }) => id === user);
  const [first] = share === undefined ? [] : unconfirmedOf(state, user);
  if (
    share === undefined ||
    first === undefined ||
    hasEnded(state) ||
    !hasChecks(state.header, state.graph) ||
    state.generation >= MAX_GENERATION
  ) {
    return;
  }
  const task = taskKey(state.graph, first);
  distrust(draft, { user, userName: share.name, task, reason: `in another workload: ${reason}` });
};
