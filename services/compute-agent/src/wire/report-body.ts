import type { Report } from '#libs/contracts/agent.ts';
import type { Receipt } from '#libs/contracts/common.ts';
import type { Completed, Failed } from '../engines/engine.ts';

const MAX_NAME_CHARS = 1_024;

/** The report of a finished attempt. `receipt` is for the result, or for the log of a failure. */
export const reportBody = (
  outcome:
    Pick<Completed, 'kind' | 'sha256' | 'pixelHash' | 'seconds' | 'notes'> | Omit<Failed, 'log'>,
  receipt: Receipt | undefined,
): NonNullable<Report['body']> => {
  if (outcome.kind === 'completed') {
    const { sha256, pixelHash, seconds, notes } = outcome;
    return { $case: 'completed', value: { receipt, sha256, pixelHash, seconds, notes } };
  }
  const { failureClass, reason, seconds, names } = outcome;
  return {
    $case: 'failed',
    value: {
      failureClass: `FAILURE_CLASS_${failureClass}`,
      reason,
      seconds,
      logReceipt: receipt,
      names: names.map((name) => name.slice(0, MAX_NAME_CHARS).toWellFormed()),
    },
  };
};
