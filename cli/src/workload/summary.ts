import { WorkloadState, type UserShare, type Workload } from '#libs/contracts/session.ts';
import { formatEnum, formatSeconds, plural } from '../formats.ts';
import type { Output } from '../output.ts';
import { taskNoun } from './file-names.ts';

/** What people and programs are told about a workload that has ended. */
export interface Summary {
  workload: Workload;
  /** From the command's start to the end, as the person at the keyboard saw it. */
  wallSeconds: number;
}

/** The last event of `--json`: `completed`, `failed` or `stopped`. */
export const summaryEvent = ({ workload, wallSeconds }: Summary): object => ({
  event: formatEnum(workload.state, 'WORKLOAD_STATE_'),
  workload: workload.workloadId,
  frames: workload.completed,
  failed: workload.failed,
  seconds: Math.round(wallSeconds * 10) / 10,
  users: framesByName(workload.shares),
  ...(workload.state === WorkloadState.COMPLETED
    ? {}
    : { reason: workload.reason, message: workload.reasonMessage }),
});

/** Counts machines of the same name together. */
const framesByName = (shares: readonly UserShare[]): Record<string, number> => {
  const users: Record<string, number> = {};
  for (const { userName, userId, completed } of shares) {
    const name = userName || userId;
    users[name] = (users[name] ?? 0) + completed;
  }
  return users;
};

/** How long one machine alone would have taken, by the measured seconds of each task. */
const oneMachineSeconds = (shares: readonly UserShare[]): number =>
  shares.reduce((sum, { seconds }) => sum + seconds, 0);

/** Who rendered what, and whether it was worth it; for people. */
export const printSummary = (output: Output, { workload, wallSeconds }: Summary): void => {
  const noun = taskNoun(workload);
  if (workload.shares.length > 0) {
    output.text('');
    output.table(workload.shares, [
      ['USER', ({ userName, userId }) => userName || userId],
      [`${noun.toUpperCase()}S`, ({ completed }) => completed, 'right'],
      [
        'SHARE',
        ({ completed }) => `${Math.round((100 * completed) / Math.max(1, workload.completed))} %`,
        'right',
      ],
      ['WORK', ({ seconds }) => formatSeconds(seconds), 'right'],
      [
        `PER ${noun.toUpperCase()}`,
        ({ completed, seconds }) => (completed > 0 ? formatSeconds(seconds / completed) : '–'),
        'right',
      ],
    ]);
    output.text('');
  }
  output.text(verdict(workload, wallSeconds));
};

const verdict = (workload: Workload, wallSeconds: number): string => {
  const done = plural(workload.completed, taskNoun(workload));
  if (workload.state !== WorkloadState.COMPLETED) {
    const why = workload.reasonMessage || workload.reason || 'no reason was given';
    const failed = workload.failed > 0 ? `, ${workload.failed} failed` : '';
    return `${formatEnum(workload.state, 'WORKLOAD_STATE_')} after ${formatSeconds(wallSeconds)}: ${done} done${failed}. ${why}`;
  }
  const alone = oneMachineSeconds(workload.shares);
  const saved = alone - wallSeconds;
  const gain =
    saved > 0.5
      ? `; one machine would have worked ${formatSeconds(alone)}, so ${formatSeconds(saved)} were saved`
      : `; one machine would have worked ${formatSeconds(alone)}, so nothing was saved`;
  return `${done} in ${formatSeconds(wallSeconds)}${gain}.`;
};
