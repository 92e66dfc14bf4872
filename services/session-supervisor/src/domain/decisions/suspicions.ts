import { familyOf } from '#libs/engines/index.ts';
import { kindOf } from '../../kinds/kinds.ts';
import { engineNeeds, isNobodyFit } from '../scheduling/machines.ts';
import {
  CONFIRM_MS,
  CONFIRM_TOGETHER_MS,
  isInputProven,
  isSameSuspicion,
  MAX_SUSPICIONS,
} from '../state/suspicions.ts';
import { taskKey } from '../graph/task-graph.ts';
import { valueAt } from '../sets/small-int-map.ts';
import { hasEnded, isOver, type Suspicion, type WorkloadState } from '../state/workload.ts';
import { fitWorkers } from './decide-users.ts';
import { record, type Draft } from './decision.ts';
import { fail } from './endings.ts';
import type { InputOf, Report } from './inputs.ts';

/** Runs after a failure, with the suspicions from before it. What a second machine confirms counts; else others are asked. */
export const decideSuspicion = (
  draft: Draft,
  before: WorkloadState['suspicions'],
  { failureClass, names, reason }: Extract<Report['body'], { kind: 'failed' }>,
): void => {
  const { suspicions, engine, header } = draft.state;
  const named = kindOf(header.spec).engineLearnt(failureClass, names);
  if (engine === '' && isInputProven(draft.state) && isMadeWith(draft.state, named)) {
    return learn(draft, named, reason);
  }
  const raised = suspicions.at(-1);
  if (raised === undefined || suspicions.length === before.length) {
    return;
  }
  const same = suspicions.filter((each) => isSameSuspicion(each, raised));
  // Machines of one owner are one voice.
  if (new Set(same.map(({ user }) => ownerOf(draft, user))).size > 1) {
    believe(draft, raised, `; ${namesOf(same)} say so`);
  } else if (suspicions.length >= MAX_SUSPICIONS) {
    believe(draft, raised, `; ${namesOf(suspicions)} could not use the input`);
  } else {
    askOthers(draft);
  }
};

/** Runs after each answer of the matcher: without another machine, nobody waits for ever. */
export const confirmAlone = (draft: Draft): void => {
  const { state, workers } = draft;
  const [first] = state.suspicions;
  if (first === undefined || !isNobodyFit(draft) || state.phase === 'paused') {
    workers.aloneMs = 0;
    return;
  }
  workers.aloneMs += workers.answerGapMs;
  const same = state.suspicions.filter((each) => isSameSuspicion(each, first));
  // Several machines of one owner are no second voice, but where nobody else is connected, waiting tells nothing more.
  if (same.length > 1 && workers.aloneMs >= CONFIRM_TOGETHER_MS) {
    believe(draft, first, `; ${namesOf(same)} say so`);
  } else if (workers.aloneMs >= CONFIRM_MS) {
    const says = `; only ${first.userName} says so, and no other machine was there to try it`;
    believe(draft, first, says);
  }
};

/** Runs after the result of a task was accepted or verified, with the suspicions from before it. It may show which were wrong. */
export const settleSuspicions = (
  draft: Draft,
  suspicions: WorkloadState['suspicions'],
  ordinal: number,
): void => {
  const { state } = draft;
  if (suspicions.length === 0 || state.suspicions.length > 0) {
    return;
  }
  const task = taskKey(state.graph, ordinal);
  const maker = state.shares[valueAt(state.doneBy, ordinal) - 1];
  const did = `${maker?.name} completed ${task}`;
  for (const { user, userName, engine, failureClass } of suspicions) {
    const isRight = engine !== '' && isMadeWith(state, engine);
    if (isRight && draft.state.engine === '') {
      record(draft, { kind: 'engine-learnt', engine, reason: `${did} with it` });
    }
    const isSaid =
      state.madeWith.length === 0 || state.madeWith.some((each) => each.engine === engine);
    const isRefuted = engine === '' || !isSaid;
    // A machine that shows itself that it was wrong may go on.
    if (isRefuted && user !== maker?.id && !state.barred.has(user)) {
      record(draft, {
        kind: 'user-barred',
        user,
        userName,
        reason: `reported ${failureClass}, but ${did}`,
      });
    }
  }
  askOthers(draft);
};

/** The mesh looked itself, so no second machine is asked. */
export const decideSceneLost = (draft: Draft, { userName, what }: InputOf<'scene-lost'>): void => {
  if (!isOver(draft.state)) {
    fail(draft, 'SCENE_LOST', what, `; ${userName} could not get it, and the mesh looked itself`);
  }
};

/** Whose machine it is, as far as this owner of the workload knows; else it counts as its own. */
const ownerOf = ({ workers }: Draft, user: string): string =>
  workers.known.get(user)?.owner ?? user;

/** Whether all results, by the word of whoever made them, were made with this engine. */
const isMadeWith = ({ madeWith }: WorkloadState, engine: string): boolean =>
  madeWith.length > 0 && madeWith.every((each) => each.engine === engine);

const namesOf = (suspicions: readonly Suspicion[]): string =>
  suspicions.map(({ userName }) => userName).join(' and ');

const believe = (draft: Draft, { failureClass, engine, reason }: Suspicion, says: string): void => {
  if (engine !== '' && familyOf(engine) === engineNeeds(draft.state).family) {
    learn(draft, engine, reason + says);
  } else if (!hasEnded(draft.state)) {
    // No machine of the mesh has an engine that the mesh does not know.
    fail(draft, failureClass, reason, says);
  }
};

const learn = (draft: Draft, engine: string, reason: string): void => {
  record(draft, { kind: 'engine-learnt', engine, reason });
  askOthers(draft);
};

/** Other users are wanted than before. */
const askOthers = (draft: Draft): void => {
  fitWorkers(draft);
  draft.effects.push({ kind: 'demand', verb: 'more-users' });
};
