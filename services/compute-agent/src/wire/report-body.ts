import type { Report } from '#libs/contracts/agent.ts';
import type { Receipt } from '#libs/contracts/common.ts';
import type { Completed, Failed } from '../engines/engine.ts';

const MAX_NAME_CHARS = 1_024;

/** The report of a finished attempt. `receipt` is for the result, or for the log of a failure. */
export const reportBody = (
  outcome: Omit<Completed, 'file' | 'bytes' | 'sizeBytes'> | Omit<Failed, 'log'>,
  receipt: Receipt | undefined,
  fileReceipts: readonly Receipt[] = [],
): NonNullable<Report['body']> => {
  if (outcome.kind === 'completed') {
    const { files: further = [], ending = '', isFlawed: flawed, ...same } = outcome;
    const { sha256, pixelHash, seconds, notes, used } = same;
    const files = further.map((file, i) => ({
      receipt: fileReceipts[i],
      ending: file.ending,
      pixelHash: file.pixelHash,
    }));
    const value = { receipt, sha256, pixelHash, seconds, notes, used, ending, files, flawed };
    return { $case: 'completed', value };
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
