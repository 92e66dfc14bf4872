import type { Completed, Failed, Report, Reports } from '#libs/contracts/agent.ts';
import type { Receipt } from '#libs/contracts/common.ts';
import { collectViolations, isId, isSha256, type Violations } from '#libs/mesh/index.ts';
import { checkAttempt } from './held.ts';

const MAX_REPORTS = 1_000;
const MAX_NOTES = 8;
const MAX_NOTE_CHARS = 200;
const MAX_REASON_CHARS = 1_000;
const MAX_NAMES = 100;
const MAX_NAME_CHARS = 1_024;

const isSeconds = (seconds: number): boolean => Number.isFinite(seconds) && seconds >= 0;

const checkReceipt = (
  { blobName, sha256, signature }: Receipt,
  field: string,
  wrong: Violations,
): void => {
  wrong.require(blobName.length <= 256, `${field}.blob_name`, 'must have at most 256 characters');
  wrong.require(isSha256(sha256), `${field}.sha256`, 'must be 64 lower-case hexadecimal digits');
  wrong.require(signature.length === 32, `${field}.signature`, 'must have 32 bytes');
};

const checkCompleted = (
  { receipt, sha256, pixelHash, seconds, notes }: Completed,
  at: string,
  wrong: Violations,
): void => {
  if (!isSha256(sha256)) {
    wrong.require(false, `${at}.completed.sha256`, 'must be 64 lower-case hexadecimal digits');
  }
  if (pixelHash !== '' && !isSha256(pixelHash)) {
    wrong.require(
      false,
      `${at}.completed.pixel_hash`,
      'must be empty or 64 lower-case hexadecimal digits',
    );
  }
  if (!isSeconds(seconds)) {
    wrong.require(false, `${at}.completed.seconds`, 'must be a number from 0');
  }
  if (notes.length > MAX_NOTES || notes.some(({ length }) => length > MAX_NOTE_CHARS)) {
    wrong.require(
      false,
      `${at}.completed.notes`,
      `must be at most ${MAX_NOTES} of ${MAX_NOTE_CHARS} characters`,
    );
  }
  if (receipt !== undefined) {
    checkReceipt(receipt, `${at}.completed.receipt`, wrong);
  }
};

const checkFailed = (
  { reason, seconds, logReceipt, names }: Failed,
  at: string,
  wrong: Violations,
): void => {
  wrong.require(
    reason.length <= MAX_REASON_CHARS,
    `${at}.failed.reason`,
    `must have at most ${MAX_REASON_CHARS} characters`,
  );
  wrong.require(isSeconds(seconds), `${at}.failed.seconds`, 'must be a number from 0');
  wrong.require(
    names.length <= MAX_NAMES && names.every(({ length }) => length <= MAX_NAME_CHARS),
    `${at}.failed.names`,
    `must be at most ${MAX_NAMES} of ${MAX_NAME_CHARS} characters`,
  );
  if (logReceipt !== undefined) {
    checkReceipt(logReceipt, `${at}.failed.log_receipt`, wrong);
  }
};

const checkReport = (
  { reportId, workloadId, attempt, body }: Report,
  at: string,
  wrong: Violations,
): void => {
  if (!isId(workloadId)) {
    wrong.require(false, `${at}.workload_id`, 'must be a workload id');
  }
  checkAttempt(attempt, `${at}.attempt`, wrong);
  switch (body?.$case) {
    case 'started':
      wrong.require(reportId === 0, `${at}.report_id`, 'must be 0 for started');
      break;
    case 'completed':
    case 'failed':
      wrong.require(reportId > 0, `${at}.report_id`, 'must be at least 1');
      if (body.$case === 'completed') {
        checkCompleted(body.value, at, wrong);
      } else {
        checkFailed(body.value, at, wrong);
      }
      break;
    case undefined:
      wrong.require(false, `${at}.body`, 'must be set');
      break;
    default:
      body satisfies never;
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
