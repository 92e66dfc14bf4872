import { hash } from 'node:crypto';
import { extname } from 'node:path';
import { createLimit } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { UploadHeader } from '#libs/contracts/blob.ts';
import type { Receipt } from '#libs/contracts/common.ts';
import { type DomainError, fromServiceError, statusName } from '#libs/errors/index.ts';
import type { Random } from '#libs/random/index.ts';
import { patienceMs } from '../domain/patience.ts';
import { failed } from '../engines/engine.ts';
import type { Events } from '../events.ts';
import type { Finished, Kept, KeptOutcome } from '../outbox/kept.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Assignment } from './board.ts';
import { type Blobs, patiently, uploadOnce } from './blobs.ts';
import { type Keepsakes, storeKeepsakes } from './keepsakes.ts';
import { storePartsOnce } from './parts.ts';
import { canHelp } from './uploading.ts';

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
  if (outcome.kind !== 'failed' || outcome.log === '') {
    return [];
  }
  const source = Buffer.from(outcome.log);
  const value = { workloadId, attempt, extension: '', part: 0 };
  const target = { $case: 'attemptLog', value } as const;
  return [{ source, header: { target, sha256: hash('sha256', source), sizeBytes: source.length } }];
};

/** Whether something of it has to be stored before it is reported. */
const hasToBeStored = (kept: Kept): boolean =>
  (kept.outcome.kind === 'completed' && kept.outcome.parts !== undefined) ||
  uploadsOf(kept).length > 0;

/** Drops what the blob service has stored. */
const withoutBytes = (outcome: KeptOutcome, receipt: Receipt | undefined): KeptOutcome => {
  if (outcome.kind === 'failed') {
    return { ...outcome, log: '' };
  }
  if (outcome.kind !== 'completed') {
    return outcome;
  }
  const { bytes: _, file: __, parts, ...rest } = outcome;
  return {
    ...rest,
    // Of a result with many files, the manifest is the result, and blob wrote that.
    ...(parts !== undefined && receipt !== undefined && { sha256: receipt.sha256 }),
    ...(rest.files !== undefined && { files: rest.files.map((each) => ({ ...each, file: '' })) }),
  };
};

/** What counts of an outcome, and what is stored only if it can be. */
const split = (outcome: Finished): [Finished, Keepsakes] => {
  if (outcome.kind !== 'completed') {
    return [outcome, {}];
  }
  const { preview, log, ...counted } = outcome;
  return [counted, { ...(preview && { preview }), ...(log && { log }) }];
};

/** The outcome after a refused upload: a result becomes a failure, and a failure counts without its log. */
const afterRefusal = ({ outcome }: Kept, { code, reason, message }: DomainError): KeptOutcome => {
  if (outcome.kind !== 'completed') {
    return outcome;
  }
  const text = `the result could not be stored: ${statusName(code)} ${reason}: ${message}`;
  const failureClass = reason === 'UPLOAD_TOO_LARGE' ? 'RENDER_ERROR' : 'AGENT_ERROR';
  return failed(failureClass, text, { seconds: outcome.seconds });
};

/** Of endless tries to store a result, a log has room for a few: the first, the second, the fourth, … */
const isWorthSaying = (failures: number): boolean => Number.isInteger(Math.log2(failures));

/** Uploads results and logs in the background, a few at a time, and passes on what can be reported. */
export const createDelivery = (options: DeliveryOptions) => {
  const { blobs, outbox, onStored, signal, clock, random, events } = options;
  const uploads = createLimit(AT_ONCE);
  /** The keys of results that blob could not take so far. */
  const delayed = new Set<string>();
  let recording = 0;
  let recorded = Promise.withResolvers<void>();
  let room: PromiseWithResolvers<void> | undefined;

  const hasRoom = (): boolean => recording < MAX_RECORDING && uploads.pendingCount < MAX_WAITING;
  const checkRoom = (): void => {
    if (hasRoom()) {
      room?.resolve();
      room = undefined;
    }
  };

  const store = async (kept: Kept): Promise<void> => onStored(await outbox.keep(kept));

  const send = <T>(kept: Kept, attempt: () => Promise<T>): Promise<T> => {
    let failures = 0;
    return patiently(attempt, {
      clock,
      random,
      signal,
      forMs: patienceMs(kept.outcome),
      helps: canHelp,
      onRetry: (error, pauseMs) => {
        delayed.add(kept.key);
        failures += 1;
        if (isWorthSaying(failures)) {
          events.uploadDelayed(kept, error, pauseMs);
        }
      },
    });
  };

  /** Stores what an attempt made, and answers the receipts: for the result or the log, and for further files. */
  const storeAll = async (kept: Kept): Promise<Receipt[]> => {
    const { workloadId, attempt, outcome } = kept;
    if (outcome.kind === 'completed' && outcome.parts !== undefined) {
      const what = { workloadId, attempt, checkpoint: 0, parts: outcome.parts };
      return [await send(kept, () => storePartsOnce(blobs, what, signal))];
    }
    const receipts: Receipt[] = [];
    for (const { header, source } of uploadsOf(kept)) {
      receipts.push(await send(kept, () => uploadOnce(blobs, header, source, signal)));
    }
    return receipts;
  };

  const deliverOne = async (kept: Kept, keepsakes: Keepsakes): Promise<void> => {
    checkRoom();
    try {
      const [receipt, ...fileReceipts] = await storeAll(kept);
      delayed.delete(kept.key);
      const onLost = (what: string, error: DomainError): void =>
        events.keepsakeLost(kept, what, error);
      await storeKeepsakes(kept, keepsakes, { blobs, signal, onLost });
      const outcome = withoutBytes(kept.outcome, receipt);
      await store({ ...kept, outcome, receipt, ...(fileReceipts.length > 0 && { fileReceipts }) });
    } catch (thrown) {
      if (!signal.aborted) {
        const error = fromServiceError(thrown);
        delayed.delete(kept.key);
        events.uploadFailed(kept, error);
        await store({ ...kept, outcome: afterRefusal(kept, error) });
      }
    }
  };

  /** Continues with what an earlier run, or `deliver`, has kept. */
  const resume = (kept: Kept, keepsakes: Keepsakes = {}): void => {
    if (kept.receipt === undefined && hasToBeStored(kept)) {
      void uploads(deliverOne, kept, keepsakes);
    } else {
      onStored(kept);
    }
  };

  /** Records the outcome before anybody is told of it. Work goes on meanwhile. */
  const record = async (kept: Kept, keepsakes: Keepsakes): Promise<void> => {
    if (recording === 0) {
      recorded = Promise.withResolvers();
    }
    recording += 1;
    try {
      resume(await outbox.keep(kept), keepsakes);
    } catch (thrown) {
      const reason = `the result could not be kept: ${fromServiceError(thrown).message}`;
      const { seconds = 0 } = kept.outcome;
      resume(await outbox.keep({ ...kept, outcome: failed('AGENT_ERROR', reason, { seconds }) }));
    } finally {
      recording -= 1;
      if (recording === 0) {
        recorded.resolve();
      }
      checkRoom();
    }
  };

  return {
    resume: (kept: Kept): void => resume(kept),
    /** Whether outcomes are on their way to the disk. */
    isRecording: () => recording > 0,
    /** Resolves when none is. */
    recorded: (): Promise<void> => (recording > 0 ? recorded.promise : Promise.resolve()),
    /** How many results wait on this machine because blob cannot take them. */
    delayed: () => delayed.size,
    /** Takes over the outcome of an assignment. If too much waits, it resolves when there is room; else undefined. */
    deliver(
      { key, workloadId, attempt }: Assignment,
      outcome: Finished,
    ): Promise<void> | undefined {
      const [counted, keepsakes] = split(outcome);
      void record({ key, workloadId, attempt, outcome: counted, receipt: undefined }, keepsakes);
      return hasRoom() ? undefined : (room ??= Promise.withResolvers()).promise;
    },
  };
};
