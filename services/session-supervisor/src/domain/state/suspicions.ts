import { kindOf } from '../../kinds/kinds.ts';
import type { Fault } from '../../kinds/kind.ts';
import type { FailureClassName } from '#libs/contracts/agent.ts';
import type { Entry } from './entries.ts';
import { hasEnded, verifiedCount, type Suspicion, type WorkloadState } from './workload.ts';

/** From so many suspicions on nobody else is asked, although no two machines say the same. */
export const MAX_SUSPICIONS = 4;

/** The word of one machine counts after this time without another that could confirm it. */
export const CONFIRM_MS = 30_000;

/** The same for what several machines of one owner say, so that the matcher has answered without them. */
export const CONFIRM_TOGETHER_MS = 2_000;

/** Longest reason of a suspicion, in characters. */
const MAX_REASON = 1_800;

/** Whether a result shows that the input can be used. One that the mesh has yet to look at may be anything. */
export const isInputProven = (state: WorkloadState): boolean =>
  hasEnded(state) || verifiedCount(state) > 0;

/** A state without suspicions if the input can be used. */
export const withoutRefuted = (state: WorkloadState): WorkloadState =>
  state.suspicions.length > 0 && isInputProven(state) ? { ...state, suspicions: [] } : state;

/** Whose fault a failure is in this state. What others could use is not at fault, so then the failure counts like any other. */
export const faultIn = (state: WorkloadState, failureClass: FailureClassName): Fault => {
  const fault = kindOf(state.header.spec).faultOf(failureClass);
  return fault === 'input' && isInputProven(state) ? 'task' : fault;
};

/** The suspicions after a failure. A machine has one, because it gets no work after it and may report what it had before. */
export const suspicionsAfter = (
  state: WorkloadState,
  failed: Extract<Entry, { kind: 'attempt-failed' }>,
): WorkloadState['suspicions'] => {
  const { user, userName, failureClass, names } = failed;
  const named = kindOf(state.header.spec).engineLearnt(failureClass, names);
  const engine = state.engine === '' ? named : '';
  const isOfInput = faultIn(state, failureClass) === 'input' || engine !== '';
  const isKnown = state.suspicions.some((each) => each.user === user);
  if (!isOfInput || isKnown || isInputProven(state)) {
    return state.suspicions;
  }
  const unsaid =
    failureClass === 'MISSING_ASSETS' ? names.filter((name) => !failed.reason.includes(name)) : [];
  const reason = unsaid.length > 0 ? `${failed.reason}: ${unsaid.join(', ')}` : failed.reason;
  const raised = { user, userName, failureClass, engine, reason: reason.slice(0, MAX_REASON) };
  return [...state.suspicions, raised].slice(0, MAX_SUSPICIONS);
};

/** Whether two machines say the same. */
export const isSameSuspicion = (one: Suspicion, other: Suspicion): boolean =>
  one.failureClass === other.failureClass && one.engine === other.engine;
