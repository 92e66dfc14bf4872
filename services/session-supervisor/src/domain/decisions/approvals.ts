import { kindOf } from '../../kinds/kinds.ts';
import { carriesNode, successorsOf } from '../graph/readiness.ts';
import { nodeAt, nodeOf, taskOrdinal } from '../graph/task-graph.ts';
import type { AcceptedResult, RequestMark } from '../state/entries.ts';
import { approvalOf, hasEnded, readyCount } from '../state/workload.ts';
import { record, type Draft, type Refusal } from './decision.ts';
import { fail, giveUpHopeless, openSuccessors, releaseAll } from './endings.ts';
import { refusalOfRuling, rejectionWords, rulingEntry, type Rule } from './rulings.ts';

/** Runs after a result was accepted. Asks for a person's ruling if its node has a gate, and nobody approved just this result before. */
export const wantApproval = (
  draft: Draft,
  ordinal: number,
  {
    task,
    generation,
    sha256,
    isFlawed,
  }: Pick<AcceptedResult, 'task' | 'generation' | 'sha256' | 'isFlawed'>,
): void => {
  const { state } = draft;
  const { gate } = nodeAt(state.graph, nodeOf(state.graph, ordinal));
  const isAsked = gate === 'ask' || (gate === 'if-failed' && isFlawed === true);
  const before = approvalOf(state, ordinal);
  const isKnown = before?.ruling?.isApproved === true && before.sha256 === sha256;
  if (isAsked && !isKnown && !hasEnded(state)) {
    record(draft, { kind: 'approval-wanted', task, generation, sha256 });
  }
};

/** Decides a ruling in a workload that goes on. */
export const decideRuling = (
  draft: Draft,
  rule: Rule,
  request: RequestMark | undefined,
): Refusal | undefined => {
  const refusal = refusalOfRuling(draft.state, rule);
  const entry = rulingEntry(draft.state, rule, request);
  const ordinal = taskOrdinal(draft.state.graph, rule.task);
  if (refusal !== undefined || entry === undefined || ordinal === undefined) {
    return refusal;
  }
  record(draft, entry);
  const { graph, header } = draft.state;
  if (!rule.isApproved && carriesNode(graph, ordinal)) {
    // Nothing else can be done, and a task for each entry would not fit into one document.
    fail(draft, kindOf(header.spec).rejected, rejectionWords(draft.state, ordinal));
    return undefined;
  }
  giveUpHopeless(draft, successorsOf(graph, ordinal));
  openSuccessors(draft, ordinal);
  return undefined;
};

/** Lets go of everything when nothing can be done until somebody rules. */
export const parkIfWaiting = (draft: Draft): void => {
  const { phase, unruled, unverified, looks } = draft.state;
  const isAtWork = phase === 'running' || phase === 'pending';
  const waits = unruled.count > 0 && unverified.count === 0 && looks.size === 0;
  if (isAtWork && waits && readyCount(draft.state) === 0) {
    record(draft, { kind: 'parked' });
    releaseAll(draft);
    draft.effects.push({ kind: 'parked' });
  }
};
