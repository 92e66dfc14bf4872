import type { AttemptRecord, RefusedReports } from '#libs/contracts/session.ts';
import { formatEnum, formatInstant, formatSeconds, printable } from '../formats.ts';
import type { Output } from '../output.ts';

/** Every attempt for people, and below it how many reports were refused. */
export const printLedger = (
  output: Output,
  attempts: readonly AttemptRecord[],
  refused: readonly RefusedReports[],
): void => {
  output.table(
    [
      { title: 'TASK' },
      { title: 'GENERATION', align: 'right' },
      { title: 'ATTEMPT' },
      { title: 'END' },
      { title: 'USER' },
      { title: 'WORK', align: 'right' },
      { title: 'WHEN' },
      { title: 'REASON' },
    ],
    attempts.map(({ task, generation, attempt, end, userName, userId, seconds, time, reason }) => [
      task,
      String(generation),
      attempt,
      formatEnum(end, 'ATTEMPT_END_'),
      userName || userId,
      formatSeconds(seconds),
      formatInstant(time),
      printable(reason),
    ]),
  );
  if (refused.length === 0) return;
  output.text('');
  output.table(
    [{ title: 'REFUSED REPORTS OF' }, { title: 'REASON' }, { title: 'COUNT', align: 'right' }],
    refused.map(({ userId, reason, count }) => [userId, reason, String(count)]),
  );
};
