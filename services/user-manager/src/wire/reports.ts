import type { Completed, Failed, Report, Reports } from '#libs/contracts/agent.ts';
import type { Receipt } from '#libs/contracts/common.ts';
import {
  collectViolations,
  isId,
  isSha256,
  MAX_ENDING_CHARS,
  MAX_FURTHER_FILES,
  type Violations,
} from '#libs/mesh/index.ts';
import { checkAttempt } from './held.ts';

const MAX_REPORTS = 1_000;
const MAX_NOTES = 8;
const MAX_NOTE_CHARS = 200;
const MAX_ENGINE_CHARS = 64;
const MAX_REASON_CHARS = 1_000;
const MAX_NAMES = 100;
const MAX_NAME_CHARS = 1_024;

/** What each field must be. These are written once, because every result of the mesh is checked against them. */
const MUST = {
  sha256: 'must be 64 lower-case hexadecimal digits',
  pixelHash: 'must be empty or 64 lower-case hexadecimal digits',
  seconds: 'must be a number from 0',
  notes: `must be at most ${MAX_NOTES} of ${MAX_NOTE_CHARS} characters`,
  used: `must be texts of at most ${MAX_ENGINE_CHARS} characters`,
  files: `must be at most ${MAX_FURTHER_FILES} with endings of at most ${MAX_ENDING_CHARS} characters`,
  reason: `must have at most ${MAX_REASON_CHARS} characters`,
  names: `must be at most ${MAX_NAMES} of ${MAX_NAME_CHARS} characters`,
};

const isSeconds = (seconds: number): boolean => Number.isFinite(seconds) && seconds >= 0;

type Checks = Pick<Violations, 'require'>;

const checkReceipt = ({ blobName, sha256, signature }: Receipt, message: Checks): void => {
  message.require(blobName.length <= 256, 'blob_name', 'must have at most 256 characters');
  message.require(isSha256(sha256), 'sha256', MUST.sha256);
  message.require(signature.length === 32, 'signature', 'must have 32 bytes');
};

const checkCompleted = (
  { receipt, sha256, pixelHash, seconds, notes, used, ending, files }: Completed,
  at: string,
  wrong: Violations,
): void => {
  const message = wrong.within(at);
  message.require(isSha256(sha256), 'sha256', MUST.sha256);
  message.require(pixelHash === '' || isSha256(pixelHash), 'pixel_hash', MUST.pixelHash);
  message.require(isSeconds(seconds), 'seconds', MUST.seconds);
  message.require(
    notes.length <= MAX_NOTES && notes.every(({ length }) => length <= MAX_NOTE_CHARS),
    'notes',
    MUST.notes,
  );
  message.require(
    used === undefined ||
      [used.engine, used.version, used.device].every(({ length }) => length <= MAX_ENGINE_CHARS),
    'used',
    MUST.used,
  );
  message.require(
    files.length <= MAX_FURTHER_FILES &&
      ending.length <= MAX_ENDING_CHARS &&
      files.every((file) => file.ending.length <= MAX_ENDING_CHARS),
    'files',
    MUST.files,
  );
  if (receipt !== undefined) {
    checkReceipt(receipt, wrong.within(`${at}.receipt`));
  }
  for (const [i, file] of files.slice(0, MAX_FURTHER_FILES).entries()) {
    const where = `${at}.files[${i}]`;
    wrong
      .within(where)
      .require(file.pixelHash === '' || isSha256(file.pixelHash), 'pixel_hash', MUST.pixelHash);
    if (file.receipt !== undefined) {
      checkReceipt(file.receipt, wrong.within(`${where}.receipt`));
    }
  }
};

const checkFailed = (
  { reason, seconds, logReceipt, names }: Failed,
  at: string,
  wrong: Violations,
): void => {
  const message = wrong.within(at);
  message.require(reason.length <= MAX_REASON_CHARS, 'reason', MUST.reason);
  message.require(isSeconds(seconds), 'seconds', MUST.seconds);
  message.require(
    names.length <= MAX_NAMES && names.every(({ length }) => length <= MAX_NAME_CHARS),
    'names',
    MUST.names,
  );
  if (logReceipt !== undefined) {
    checkReceipt(logReceipt, wrong.within(`${at}.log_receipt`));
  }
};

const checkReport = (
  { reportId, workloadId, attempt, body }: Report,
  at: string,
  wrong: Violations,
): void => {
  const message = wrong.within(at);
  message.require(isId(workloadId), 'workload_id', 'must be a workload id');
  checkAttempt(attempt, `${at}.attempt`, wrong);
  message.require(body !== undefined, 'body', 'must be set');
  if (body?.$case === 'started') {
    message.require(reportId === 0, 'report_id', 'must be 0 for started');
  } else if (body !== undefined) {
    message.require(reportId > 0, 'report_id', 'must be at least 1');
  }
  if (body?.$case === 'completed') {
    checkCompleted(body.value, `${at}.completed`, wrong);
  } else if (body?.$case === 'failed') {
    checkFailed(body.value, `${at}.failed`, wrong);
  }
};

/** Checks the form of reports before they go on, because ids become part of subjects. Throws INVALID_ARGUMENT `INVALID_FIELDS`. */
export const checkReports = ({ reports }: Reports): void => {
  const wrong = collectViolations();
  wrong.require(reports.length <= MAX_REPORTS, 'reports.reports', `must be at most ${MAX_REPORTS}`);
  for (const [i, report] of reports.slice(0, MAX_REPORTS).entries()) {
    checkReport(report, `reports.reports[${i}]`, wrong);
  }
  wrong.throwIfAny();
};
