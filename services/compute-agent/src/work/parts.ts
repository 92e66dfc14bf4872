import { inParallel } from '#libs/async/index.ts';
import type {
  CommitPartsRequest,
  CommitPartsResponse,
  UploadHeader,
} from '#libs/contracts/blob.ts';
import type { Attempt, Receipt } from '#libs/contracts/common.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { isPathBefore, MAX_PARTS_PER_MESSAGE } from '#libs/mesh/index.ts';
import type { PartFile } from '../engines/engine.ts';
import { type Blobs, transferMs, upload } from './blobs.ts';

/** What an attempt made of many files. */
export interface Parts {
  workloadId: string;
  attempt: Attempt;
  /** 0: its result. From 1: its checkpoint of that number. */
  checkpoint: number;
  parts: readonly PartFile[];
}

const AT_ONCE = 4;
/** How long blob may take to look for a file, which it does for each. */
const LOOK_MS = 5;
/** About what a file takes in a message. */
const FILE_BYTES = 150;

const partsMissing = (count: number): DomainError => {
  const message = `${count} files went missing in blob while they were uploaded`;
  return new DomainError(status.UNAVAILABLE, 'PARTS_MISSING', message);
};

function* messages({
  workloadId,
  attempt,
  checkpoint,
  parts,
}: Parts): Generator<CommitPartsRequest> {
  yield { part: { $case: 'header', value: { workloadId, attempt, checkpoint } } };
  const files = parts
    .map(({ path, sha256, sizeBytes }) => ({
      path,
      sha256: sizeBytes === 0 ? '' : sha256,
      sizeBytes,
    }))
    .sort((a, b) => (isPathBefore(a.path, b.path) ? -1 : 1));
  for (let at = 0; at < files.length; at += MAX_PARTS_PER_MESSAGE) {
    const value = { files: files.slice(at, at + MAX_PARTS_PER_MESSAGE) };
    yield { part: { $case: 'files', value } };
  }
}

const commit = (blobs: Blobs, what: Parts, signal: AbortSignal): Promise<CommitPartsResponse> => {
  const count = what.parts.length;
  const deadlineMs = transferMs(count * FILE_BYTES) + count * LOOK_MS;
  return blobs.commitParts(messages(what), { signal, deadlineMs });
};

/** Uploads each of these files once, however often its bytes are there. Stops at the first failure. */
const uploadAll = async (
  blobs: Blobs,
  { workloadId, attempt }: Parts,
  files: readonly PartFile[],
  signal: AbortSignal,
): Promise<void> => {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const target = { $case: 'attemptPart', value: { workloadId, attempt } } as const;
  const first = (thrown: unknown): void => failed.abort(thrown);
  await inParallel(AT_ONCE, files, async ({ file, bytes, sha256, sizeBytes }) => {
    if (!stop.aborted) {
      const header: UploadHeader & { sizeBytes: number } = { target, sha256, sizeBytes };
      const source = file ?? bytes ?? new Uint8Array();
      await upload(blobs, header, source, stop).catch(first);
    }
  });
  stop.throwIfAborted();
};

/**
 * Makes one attempt to store what an attempt made of many files. Blob says first which of them it lacks, so nothing is uploaded
 * twice: neither what the checkpoint before had, nor what an earlier run, or a call that failed, has uploaded. Rejects with the
 * service's error, or with `PARTS_MISSING` if it is worth another attempt.
 */
export const storePartsOnce = async (
  blobs: Blobs,
  what: Parts,
  signal: AbortSignal,
): Promise<Receipt> => {
  const { receipt, missing, missingParts } = await commit(blobs, what, signal);
  if (receipt !== undefined) {
    return receipt;
  }
  const distinct = new Map(
    what.parts.flatMap((part) => (part.sizeBytes > 0 ? [[part.sha256, part] as const] : [])),
  );
  const isListed = missingParts <= missing.length;
  const lacking = isListed
    ? missing.flatMap((sha256) => distinct.get(sha256) ?? [])
    : [...distinct.values()];
  await uploadAll(blobs, what, lacking, signal);
  const again = await commit(blobs, what, signal);
  if (again.receipt === undefined) {
    throw partsMissing(again.missingParts);
  }
  return again.receipt;
};
