import { blobTag, verifyAttemptToken, workloadKey, type Caller } from '#libs/auth/index.ts';
import type { AttemptFile, AttemptPart, UploadHeader } from '#libs/contracts/blob.ts';
import {
  type AttemptPath,
  type BlobName,
  collectViolations,
  isAttemptId,
  isExtension,
  isId,
  isSha256,
  isTaskKey,
  MANIFEST_EXTENSION,
  MAX_FURTHER_FILES,
  type Violations,
} from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { attemptTokenInvalid, required, targetRefused } from '../domain/errors.ts';
import { ownerFolder } from '../domain/names.ts';
import { checkCustomer, customerOf } from './requests.ts';
import type { Expectation } from '../domain/upload-rules.ts';

type Needs = Pick<Context, 'maximumUploadBytes' | 'maximumPartBytes' | 'meshSecret' | 'random'>;

interface ParsedUpload {
  target: BlobName;
  /** The node of the attempt that stores it; undefined for a customer's file. */
  node?: string;
  expectation: Expectation;
}

/** Reads a header, checks an attempt's token and makes the name. */
export const parseUpload = (ctx: Needs, caller: Caller, header: UploadHeader): ParsedUpload => {
  const { sha256, sizeBytes } = header;
  const target = required(
    'header.target',
    header.target,
    'one of customer_file, attempt_result, attempt_log, attempt_preview, attempt_part',
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
      return { ...attemptTarget(ctx, caller, 'result', target.value, wrong), expectation };
    case 'attemptLog':
      return {
        ...attemptTarget(ctx, caller, 'log', target.value, wrong),
        expectation: atMost(MAX_LOG_BYTES, expectation),
      };
    case 'attemptPreview':
      return {
        ...attemptTarget(ctx, caller, 'preview', target.value, wrong),
        expectation: atMost(MAX_PREVIEW_BYTES, expectation),
      };
    case 'attemptPart':
      return {
        ...partTarget(ctx, caller, target.value, header, wrong),
        expectation: { ...expectation, maximumBytes: ctx.maximumPartBytes },
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

type Target = Pick<ParsedUpload, 'target' | 'node'>;

const attemptTarget = (
  ctx: Needs,
  caller: Caller,
  kind: 'result' | 'log' | 'preview',
  file: AttemptFile,
  wrong: Violations,
): Target => {
  const { extension, part } = file;
  const at = `header.attempt_${kind}`;
  const message = wrong.within(at);
  message.require(
    kind !== 'result' || isExtension(extension),
    'extension',
    '1 to 5 of [a-z0-9], without a dot',
  );
  message.require(
    kind !== 'result' || extension !== MANIFEST_EXTENSION,
    'extension',
    `results of ${MANIFEST_EXTENSION} are made by CommitParts`,
  );
  message.require(
    kind === 'log' || part <= MAX_FURTHER_FILES,
    'part',
    `must be 0 to ${MAX_FURTHER_FILES}`,
  );
  const { path, node } = ownAttempt(ctx, caller, file, at, wrong);
  return {
    node,
    target: kind === 'result' ? { kind, ...path, extension, part } : { kind, ...path },
  };
};

const partTarget = (
  ctx: Needs,
  caller: Caller,
  part: AttemptPart,
  { sha256, sizeBytes }: UploadHeader,
  wrong: Violations,
): Target => {
  wrong.require(sha256 !== '', 'header.sha256', 'the hash of the part, because it is its name');
  wrong.require(sizeBytes !== undefined, 'header.size_bytes', 'the length of the part');
  const { path, node } = ownAttempt(ctx, caller, part, 'header.attempt_part', wrong);
  return { node, target: { kind: 'part', workload: path.workload, sha256 } };
};

/**
 * The names of an attempt at the machine that calls, and its node. Throws UPLOAD_TARGET_REFUSED, INVALID_FIELDS, also for what
 * `wrong` holds already, or ATTEMPT_TOKEN_INVALID.
 */
export const ownAttempt = (
  ctx: Pick<Context, 'meshSecret'>,
  caller: Caller,
  { workloadId: workload, attempt: claimed }: AttemptPart,
  at: string,
  wrong: Violations,
): { path: AttemptPath; node: string } => {
  if (caller.role !== 'agent' || caller.machine === undefined) {
    throw targetRefused("attempt's file", caller.role);
  }
  const claim = required(`${at}.attempt`, claimed, 'the attempt as it was handed out');
  const { task, generation, attempt, token } = claim;
  const message = wrong.within(at);
  message.require(isId(workload), 'workload_id', 'the id of a workload');
  message.require(isTaskKey(task), 'attempt.task', '`<node>/<index>`');
  message.require(isAttemptId(attempt), 'attempt.attempt', '`<epoch>-<counter>`');
  wrong.throwIfAny();
  const key = workloadKey(ctx.meshSecret, workload);
  if (!verifyAttemptToken(key, { task, generation, attempt, user: caller.machine }, token)) {
    throw attemptTokenInvalid(workload, task);
  }
  const fields = { task, generation, attempt };
  const [node = ''] = task.split('/');
  return { path: { workload, ...fields, tag: blobTag(key, fields) }, node };
};
