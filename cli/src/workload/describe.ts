import {
  type NodeProgress,
  type WaitReason,
  type Workload,
  WorkloadState,
} from '#libs/contracts/session.ts';
import { formatEnum, formatInstant, formatSeconds } from '../formats.ts';
import type { Output } from '../output.ts';
import { viewOf } from './kinds.ts';
import { joinedSteps, stepName } from './steps.ts';
import { printNotes } from './notes.ts';

export const stateOf = ({ state }: Pick<Workload, 'state'>): string =>
  formatEnum(state, 'WORKLOAD_STATE_');

export const hasEnded = ({ state }: Pick<Workload, 'state'>): boolean =>
  state === WorkloadState.COMPLETED ||
  state === WorkloadState.FAILED ||
  state === WorkloadState.STOPPED;

/** What people call the user of a share, a result or an attempt. */
export const nameOf = ({ userName, userId }: { userName: string; userId: string }): string =>
  userName || userId;

/** `CYCLES of 3.4.1 on CPU`; several with how many results each made. */
export const madeWithText = ({ madeWith }: Workload): string =>
  madeWith
    .map(({ used, results }) => {
      const { engine = '', version = '', device = '' } = used ?? {};
      const what = `${engine} of ${version}${device && ` on ${device}`}`;
      return madeWith.length === 1 ? what : `${what} (${results})`;
    })
    .join(', ');

/** Everything about one workload for people, as `name  value` lines; with its steps where it has several. */
export const printWorkload = (
  output: Output,
  workload: Workload,
  steps: readonly NodeProgress[],
  waiting: readonly WaitReason[],
): void => {
  const view = viewOf(workload);
  const { completed, total, failed, remaining, percentage } = workload;
  const isGivenUp =
    workload.state === WorkloadState.FAILED || workload.state === WorkloadState.STOPPED;
  const rest = `${remaining} ${isGivenUp ? 'not done' : 'to do'}`;
  const facts = Object.entries({
    workload: workload.workloadId,
    customer: workload.customerId,
    what: view.summary,
    ...view.facts,
    state: stateOf(workload),
    waits: waiting.map(({ message }) => message).join('; '),
    reason: workload.reason && `${workload.reason}: ${workload.reasonMessage}`,
    [`${view.noun}s`]: `${completed} of ${total} done, ${failed} failed, ${rest} (${percentage.toFixed(1)} %)`,
    verified:
      workload.verified < completed
        ? `${workload.verified} of ${completed} done: the mesh has not looked at the others itself${hasEnded(workload) ? '' : ' yet'}`
        : '',
    'users wanted': String(workload.wantedUsers),
    'handed in': formatInstant(workload.createTime),
    started: formatInstant(workload.startTime),
    ended: formatInstant(workload.endTime),
    [view.noun === 'case' ? 'computed by' : 'rendered by']:
      madeWithText(workload) || workload.engine,
    blender:
      workload.blenderVersion && (workload.renderVersion || `${workload.blenderVersion} or later`),
  }).filter(([, value]) => value !== '');
  const width = Math.max(...facts.map(([name]) => name.length));
  output.text(facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`));
  if (steps.length > 1) {
    output.text('');
    output.table(joinedSteps(steps), [
      ['STEP', ({ node }) => stepName(node)],
      ['DONE', (step) => `${step.completed}/${step.total}`, 'right'],
      ['FAILED', (step) => step.failed, 'right'],
      [isGivenUp ? 'NOT DONE' : 'TO DO', (step) => step.remaining, 'right'],
    ]);
  }
  if (workload.notes.length > 0) {
    output.text('');
    printNotes(output, workload);
  }
  if (workload.refusedResults.length > 0) {
    output.text('');
    output.table(workload.refusedResults, [
      ['WITHDRAWN RESULTS OF', nameOf],
      ['RESULTS', ({ results }) => results, 'right'],
      ['LAST', ({ task }) => task],
      ['BECAUSE', ({ reason }) => reason],
    ]);
  }
  if (workload.shares.length > 0) {
    output.text('');
    output.table(workload.shares, [
      ['USER', nameOf],
      ['DONE', (share) => share.completed, 'right'],
      ['WORK', ({ seconds }) => formatSeconds(seconds), 'right'],
    ]);
  }
};
