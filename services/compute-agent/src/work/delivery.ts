import { hash } from 'node:crypto';
import { extname } from 'node:path';
import { createLimit } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { UploadHeader } from '#libs/contracts/blob.ts';
import type { Receipt } from '#libs/contracts/common.ts';
import { type DomainError, fromServiceError, status, statusName } from '#libs/errors/index.ts';
import type { Random } from '#libs/random/index.ts';
import { type Completed, failed, type Failed } from '../engines/engine.ts';
import type { Events } from '../events.ts';
import type { Kept } from '../outbox/kept.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Assignment } from './board.ts';
import { type Blobs, patiently, uploadOnce } from './blobs.ts';
import { type Keepsakes, storeKeepsakes } from './keepsakes.ts';

interface DeliveryOptions {
  blobs: Blobs;
  outbox: Outbox;
  /** The outcome is stored and can be reported. */
  onStored: (kept: Kept) => void;
  signal: AbortSignal;
  clock: Clock;
  random: Random;
  events: Events;
}

/** How many files are uploaded at the same time, and how many more may wait before work has to wait. */
const AT_ONCE = 4;
const MAX_WAITING = 16;
/** How many outcomes may be on their way to the disk before work has to wait. */
const MAX_RECORDING = 1_000;
/** If the blob service is away for longer, the task fails here and another user tries it. */
const RESULT_PATIENCE_MS = 15 * 60_000;
const LOG_PATIENCE_MS = 15_000;
/** Damage on the way is worth another attempt. Damage at every attempt has another cause. */
const MAX_DAMAGED = 3;

/** Refusals that another attempt cannot change. */
const FINAL: ReadonlySet<string> = new Set([
  'INVALID_FIELDS',
  'EMPTY_UPLOAD',
  'UPLOAD_TOO_LARGE',
  'ATTEMPT_TOKEN_INVALID',
  'WORKLOAD_OVER',
  'MACHINE_UNKNOWN',
  'ATTEMPT_HAS_OTHER_BYTES',
]);

const canHelp = ({ reason, code }: DomainError, failures: number): boolean => {
  if (reason === 'SIZE_MISMATCH' || reason === 'SHA256_MISMATCH') {
    return failures < MAX_DAMAGED;
  }
  // UNKNOWN is not an answer of the service but a problem of the agent, such as an unreadable file.
  return !FINAL.has(reason) && code !== status.UNKNOWN && code !== status.UNIMPLEMENTED;
};

/** One upload that a kept attempt needs; `source` is a file or bytes. */
interface Upload {
  source: string | Uint8Array;
  header: UploadHeader & { sizeBytes: number };
}

/** The uploads that a kept attempt needs: the result and then its further files, or the log. */
const uploadsOf = ({ workloadId, attempt, outcome }: Kept): Upload[] => {
  if (outcome.kind === 'completed') {
    const { file, bytes, sha256, sizeBytes, files = [] } = outcome;
    const source = file ?? bytes;
    if (source === undefined) {
      return [];
    }
    return [{ file: source, sha256, sizeBytes }, ...files].map((each, part) => {
      const extension = typeof each.file === 'string' ? extname(each.file).slice(1) : 'bin';
      const value = { workloadId, attempt, extension, part };
      const target = { $case: 'attemptResult', value } as const;
      const header = { target, sha256: each.sha256, sizeBytes: each.sizeBytes };
      return { source: each.file, header };
    });
  }
  if (outcome.log === '') {
    return [];
  }
  const source = Buffer.from(outcome.log);
  const value = { workloadId, attempt, extension: '', part: 0 };
  const target = { $case: 'attemptLog', value } as const;
  return [{ source, header: { target, sha256: hash('sha256', source), sizeBytes: source.length } }];
};

/** Drops what the blob service has stored. */
const withoutBytes = (outcome: Completed | Failed): Completed | Failed => {
  if (outcome.kind === 'failed') {
    return { ...outcome, log: '' };
  }
  const { bytes: _, file: __, ...rest } = outcome;
  return rest.files === undefined
    ? rest
    : { ...rest, files: rest.files.map((each) => ({ ...each, file: '' })) };
};

/** What counts of an outcome, and what is stored only if it can be. */
const split = (outcome: Completed | Failed): [Completed | Failed, Keepsakes] => {
  if (outcome.kind === 'failed') {
    return [outcome, {}];
  }
  const { preview, log, ...counted } = outcome;
  return [counted, { ...(preview && { preview }), ...(log && { log }) }];
};

/** The outcome after a refused upload: a result becomes a failure, and a failure counts without its log. */
const afterRefusal = (
  { outcome }: Kept,
  { code, reason, message }: DomainError,
): Completed | Failed => {
  if (outcome.kind === 'failed') {
    return outcome;
  }
  const text = `the result could not be stored: ${statusName(code)} ${reason}: ${message}`;
  const failureClass = reason === 'UPLOAD_TOO_LARGE' ? 'RENDER_ERROR' : 'AGENT_ERROR';
  return failed(failureClass, text, { seconds: outcome.seconds });
};

/** Uploads results and logs in the background, a few at a time, and passes on what can be reported. */
export const createDelivery = (options: DeliveryOptions) => {
  const { blobs, outbox, onStored, signal, clock, random, events } = options;
  const uploads = createLimit(AT_ONCE);
  let recording = 0;
  let room: PromiseWithResolvers<void> | undefined;

  const hasRoom = (): boolean => recording < MAX_RECORDING && uploads.pendingCount < MAX_WAITING;
  const checkRoom = (): void => {
    if (hasRoom()) {
      room?.resolve();
      room = undefined;
    }
  };

  const store = async (kept: Kept): Promise<void> => onStored(await outbox.keep(kept));

  const send = (kept: Kept, { header, source }: Upload): Promise<Receipt> =>
    patiently(() => uploadOnce(blobs, header, source, signal), {
      clock,
      random,
      signal,
      forMs: kept.outcome.kind === 'completed' ? RESULT_PATIENCE_MS : LOG_PATIENCE_MS,
      helps: canHelp,
      onRetry: (error, pauseMs) => events.uploadDelayed(kept, error, pauseMs),
    });

  const deliverOne = async (
    kept: Kept,
    needed: readonly Upload[],
    keepsakes: Keepsakes,
  ): Promise<void> => {
    checkRoom();
    try {
      const receipts: Receipt[] = [];
      for (const upload of needed) {
        receipts.push(await send(kept, upload));
      }
      const [receipt, ...fileReceipts] = receipts;
      const onLost = (what: string, error: DomainError): void =>
        events.keepsakeLost(kept, what, error);
      await storeKeepsakes(kept, keepsakes, { blobs, signal, onLost });
      const outcome = withoutBytes(kept.outcome);
      await store({ ...kept, outcome, receipt, ...(fileReceipts.length > 0 && { fileReceipts }) });
    } catch (thrown) {
      if (!signal.aborted) {
        const error = fromServiceError(thrown);
        events.uploadFailed(kept, error);
        await store({ ...kept, outcome: afterRefusal(kept, error) });
      }
    }
  };

  /** Continues with what an earlier run, or `deliver`, has kept. */
  const resume = (kept: Kept, keepsakes: Keepsakes = {}): void => {
    const needed = kept.receipt === undefined ? uploadsOf(kept) : [];
    if (needed.length === 0) {
      onStored(kept);
    } else {
      void uploads(deliverOne, kept, needed, keepsakes);
    }
  };

  /** Records the outcome before anybody is told of it. Work goes on meanwhile. */
  const record = async (kept: Kept, keepsakes: Keepsakes): Promise<void> => {
    recording += 1;
    try {
      resume(await outbox.keep(kept), keepsakes);
    } catch (thrown) {
      const reason = `the result could not be kept: ${fromServiceError(thrown).message}`;
      const { seconds } = kept.outcome;
      resume(await outbox.keep({ ...kept, outcome: failed('AGENT_ERROR', reason, { seconds }) }));
    } finally {
      recording -= 1;
      checkRoom();
    }
  };

  return {
    resume: (kept: Kept): void => resume(kept),
    /** Takes over the outcome of an assignment. If too much waits, it resolves when there is room; else undefined. */
    deliver(
      { key, workloadId, attempt }: Assignment,
      outcome: Completed | Failed,
    ): Promise<void> | undefined {
      const [counted, keepsakes] = split(outcome);
      void record({ key, workloadId, attempt, outcome: counted, receipt: undefined }, keepsakes);
      return hasRoom() ? undefined : (room ??= Promise.withResolvers()).promise;
    },
  };
};
