import { blobTag, verifyAttemptToken, workloadKey, type Caller } from '#libs/auth/index.ts';
import type { AttemptFile, UploadHeader } from '#libs/contracts/blob.ts';
import {
  type BlobName,
  collectViolations,
  isAttemptId,
  isExtension,
  isId,
  isSha256,
  isTaskKey,
  MAX_FURTHER_FILES,
  type Violations,
} from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { attemptTokenInvalid, required, targetRefused } from '../domain/errors.ts';
import { ownerFolder } from '../domain/names.ts';
import { checkCustomer, customerOf } from './requests.ts';
import type { Expectation } from '../domain/upload-rules.ts';

type Needs = Pick<Context, 'maximumUploadBytes' | 'meshSecret' | 'random'>;

interface ParsedUpload {
  target: BlobName;
  expectation: Expectation;
}

/** Reads a header, checks an attempt's token and makes the name. */
export const parseUpload = (ctx: Needs, caller: Caller, header: UploadHeader): ParsedUpload => {
  const { sha256, sizeBytes } = header;
  const target = required(
    'header.target',
    header.target,
    'one of customer_file, attempt_result, attempt_log, attempt_preview',
  );
  const wrong = collectViolations();
  wrong.require(
    sha256 === '' || isSha256(sha256),
    'header.sha256',
    '64 lower-case hexadecimal digits',
  );
  const expectation = {
    sha256: sha256 === '' ? undefined : sha256,
    sizeBytes,
    maximumBytes: ctx.maximumUploadBytes,
  };
  switch (target.$case) {
    case 'customerFile':
      return { target: customerTarget(ctx, caller, target.value.customerId, wrong), expectation };
    case 'attemptResult':
      return { target: attemptTarget(ctx, caller, 'result', target.value, wrong), expectation };
    case 'attemptLog':
      return {
        target: attemptTarget(ctx, caller, 'log', target.value, wrong),
        expectation: atMost(MAX_LOG_BYTES, expectation),
      };
    case 'attemptPreview':
      return {
        target: attemptTarget(ctx, caller, 'preview', target.value, wrong),
        expectation: atMost(MAX_PREVIEW_BYTES, expectation),
      };
    default:
      return target satisfies never;
  }
};

const MAX_LOG_BYTES = 2 ** 20;
const MAX_PREVIEW_BYTES = 256 * 1_024;

const atMost = (bytes: number, expectation: Expectation): Expectation => ({
  ...expectation,
  maximumBytes: Math.min(bytes, expectation.maximumBytes),
});

const customerTarget = (
  ctx: Needs,
  caller: Caller,
  customerId: string,
  wrong: Violations,
): BlobName => {
  if (caller.role !== 'customer' && caller.role !== 'operator') {
    throw targetRefused("customer's file", caller.role);
  }
  checkCustomer(wrong, 'header.customer_file.customer_id', caller, customerId);
  wrong.throwIfAny();
  return {
    kind: 'upload',
    owner: ownerFolder(customerOf(caller, customerId)),
    id: ctx.random.id('b'),
  };
};

const attemptTarget = (
  ctx: Needs,
  caller: Caller,
  kind: 'result' | 'log' | 'preview',
  file: AttemptFile,
  wrong: Violations,
): BlobName => {
  if (caller.role !== 'agent' || caller.machine === undefined) {
    throw targetRefused("attempt's file", caller.role);
  }
  const { workloadId: workload, extension, part } = file;
  const at = `header.attempt_${kind}`;
  const claim = required(`${at}.attempt`, file.attempt, 'the attempt as it was handed out');
  const { task, generation, attempt, token } = claim;
  const message = wrong.within(at);
  message.require(isId(workload), 'workload_id', 'the id of a workload');
  message.require(isTaskKey(task), 'attempt.task', '`<node>/<index>`');
  message.require(isAttemptId(attempt), 'attempt.attempt', '`<epoch>-<counter>`');
  message.require(
    kind !== 'result' || isExtension(extension),
    'extension',
    '1 to 5 of [a-z0-9], without a dot',
  );
  message.require(
    kind === 'log' || part <= MAX_FURTHER_FILES,
    'part',
    `must be 0 to ${MAX_FURTHER_FILES}`,
  );
  wrong.throwIfAny();
  const key = workloadKey(ctx.meshSecret, workload);
  if (!verifyAttemptToken(key, { task, generation, attempt, user: caller.machine }, token)) {
    throw attemptTokenInvalid(workload, task);
  }
  const fields = { task, generation, attempt };
  const path = { workload, ...fields, tag: blobTag(key, fields) };
  return kind === 'result' ? { kind, ...path, extension, part } : { kind, ...path };
};
