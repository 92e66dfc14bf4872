import { extname } from 'node:path';
import { verifyReceipt, type Secret } from '#libs/auth/index.ts';
import type { Checkpointed, Completed } from '#libs/contracts/agent.ts';
import type { Attempt, Receipt } from '#libs/contracts/common.ts';
import {
  type AttemptBlobName,
  isFileEnding,
  isOfAttempt,
  MAX_FURTHER_FILES,
  parseBlobName,
} from '#libs/mesh/index.ts';
import type { WorkloadHeader } from '../domain/state/workload.ts';
import { kindOf } from '../kinds/kinds.ts';
import type { AttemptTokens } from './attempt-tokens.ts';

/** What checks users' reports. */
export interface Proofs {
  meshSecret: Secret;
  tokens: AttemptTokens;
}

/** Whether the owner of this workload handed the attempt to this user. */
export const isHandedOut = ({ tokens }: Proofs, attempt: Attempt, user: string): boolean =>
  tokens.isMade({ ...attempt, user }, attempt.token);

/**
 * Why a claimed result proves nothing; undefined if it is proven: by a receipt of blob for exactly these bytes under the
 * attempt's own name, or by a digest that the mesh can compute.
 */
export const resultForgery = (
  { meshSecret }: Proofs,
  header: WorkloadHeader,
  attempt: Attempt,
  { receipt, sha256, ending, files }: Pick<Completed, 'receipt' | 'sha256' | 'ending' | 'files'>,
): string | undefined => {
  const known = kindOf(header.spec).knownDigest(header.spec, header.id, attempt.task);
  if (known !== undefined) {
    return sha256 === known ? undefined : 'RESULT_INVALID';
  }
  if (receipt === undefined) {
    return 'RECEIPT_MISSING';
  }
  if (receipt.sha256 !== sha256) {
    return 'RESULT_INVALID';
  }
  const all = [{ receipt, ending: ending || extname(receipt.blobName) }, ...files];
  if (
    files.length > MAX_FURTHER_FILES ||
    new Set(all.map((file) => file.ending)).size < all.length
  ) {
    return 'RESULT_INVALID';
  }
  const isStored = all.every(
    (file, part) =>
      file.receipt !== undefined &&
      isResultBlob(header, attempt, file.receipt.blobName, part) &&
      isSigned(meshSecret, file.receipt) &&
      isFileEnding(file.ending) &&
      file.ending.endsWith(extname(file.receipt.blobName)),
  );
  return isStored ? undefined : 'RECEIPT_INVALID';
};

/**
 * Why a claimed checkpoint proves nothing; undefined if it is proven by a receipt of blob for a whole manifest under the attempt's own
 * name. Where results are no blobs, checkpoints are none either.
 */
export const checkpointForgery = (
  { meshSecret }: Proofs,
  header: WorkloadHeader,
  attempt: Attempt,
  { receipt, position }: Pick<Checkpointed, 'receipt' | 'position'>,
): string | undefined => {
  if (!Number.isFinite(position)) {
    return 'CHECKPOINT_INVALID';
  }
  if (kindOf(header.spec).knownDigest(header.spec, header.id, attempt.task) !== undefined) {
    return receipt === undefined ? undefined : 'CHECKPOINT_INVALID';
  }
  if (receipt === undefined) {
    return 'RECEIPT_MISSING';
  }
  const isOwn = ownBlob(header, attempt, receipt.blobName)?.kind === 'checkpoint';
  return isOwn && isSigned(meshSecret, receipt) ? undefined : 'RECEIPT_INVALID';
};

/** The blob of a failed attempt's log; empty if none was stored or its receipt is not valid. */
export const provenLog = (
  { meshSecret }: Proofs,
  header: WorkloadHeader,
  attempt: Attempt,
  receipt: Receipt | undefined,
): string => {
  if (receipt === undefined) {
    return '';
  }
  const { blobName } = receipt;
  const name = ownBlob(header, attempt, blobName);
  return name?.kind === 'log' && isSigned(meshSecret, receipt) ? blobName : '';
};

/** What a name says, if it is one of this attempt. Its tag says nothing: blob signs no name that it did not make. */
const ownBlob = (
  { id }: WorkloadHeader,
  { task, generation, attempt }: Attempt,
  blobName: string,
): AttemptBlobName | undefined => {
  const name = parseBlobName(blobName);
  const isOwn =
    name !== undefined &&
    isOfAttempt(name) &&
    name.workload === id &&
    name.task === task &&
    name.generation === generation &&
    name.attempt === attempt;
  return isOwn ? name : undefined;
};

/** Whether blob stores a part of the result of an attempt under this name. */
const isResultBlob = (
  header: WorkloadHeader,
  attempt: Attempt,
  blobName: string,
  part: number,
): boolean => {
  const { spec } = header;
  const node = attempt.task.slice(0, attempt.task.indexOf('/'));
  const name = ownBlob(header, attempt, blobName);
  return (
    name?.kind === 'result' &&
    (name.part ?? 0) === part &&
    kindOf(spec).resultExtensions(spec, node).includes(name.extension)
  );
};

const isSigned = (
  meshSecret: Secret,
  { blobName, sha256, sizeBytes, signature }: Receipt,
): boolean => verifyReceipt(meshSecret, { path: blobName, sha256, sizeBytes }, signature);
