import type { Report } from '#libs/contracts/agent.ts';
import type { Receipt } from '#libs/contracts/common.ts';
import type { KeptOutcome } from '../outbox/kept.ts';

const MAX_NAME_CHARS = 1_024;
const MAX_CHECKPOINT_CHARS = 64;

/** The report of an outcome. `receipt` is for the result, for the log of a failure, or for a checkpoint. */
export const reportBody = (
  outcome: KeptOutcome,
  receipt: Receipt | undefined,
  fileReceipts: readonly Receipt[] = [],
): NonNullable<Report['body']> => {
  switch (outcome.kind) {
    case 'completed': {
      const { files: further = [], ending = '', isFlawed: flawed, ...same } = outcome;
      const { sha256, pixelHash, seconds, notes, used, resumedAttempt } = same;
      const files = further.map((file, i) => ({
        receipt: fileReceipts[i],
        ending: file.ending,
        pixelHash: file.pixelHash,
      }));
      const told = { sha256, pixelHash, seconds, notes, used, ending, files, flawed };
      return { $case: 'completed', value: { receipt, ...told, resumedAttempt } };
    }
    case 'failed': {
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
    }
    case 'yielded': {
      const { reason, seconds = 0 } = outcome;
      return { $case: 'yielded', value: { reason, seconds } };
    }
    case 'checkpointed': {
      const { name, position } = outcome;
      return {
        $case: 'checkpointed',
        value: { receipt, position, name: name.slice(0, MAX_CHECKPOINT_CHARS).toWellFormed() },
      };
    }
    default:
      return outcome satisfies never;
  }
};
