import type { AttemptRecord, RefusedReports } from '#libs/contracts/session.ts';
import { formatEnum, formatInstant, formatSeconds } from '../formats.ts';
import type { Column, Output } from '../output.ts';

export const attemptColumns: readonly Column<AttemptRecord>[] = [
  ['TASK', ({ task }) => task],
  ['GENERATION', ({ generation }) => generation, 'right'],
  ['ATTEMPT', ({ attempt }) => attempt],
  ['END', ({ end }) => formatEnum(end, 'ATTEMPT_END_')],
  ['USER', ({ userName, userId }) => userName || userId],
  ['WORK', ({ seconds }) => formatSeconds(seconds), 'right'],
  ['WHEN', ({ time }) => formatInstant(time)],
  ['REASON', ({ reason }) => reason],
];

/** How many reports were refused, for people; nothing where there were none. */
export const printRefused = (output: Output, refused: readonly RefusedReports[]): void => {
  if (refused.length === 0) return;
  output.text('');
  output.table(refused, [
    ['REFUSED REPORTS OF', ({ userId }) => userId],
    ['REASON', ({ reason }) => reason],
    ['COUNT', ({ count }) => count, 'right'],
  ]);
};
