import { type DomainError, status } from '#libs/errors/index.ts';

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

/** Whether another upload can help after this error, the n-th one (from 1). */
export const canHelp = ({ reason, code }: DomainError, failures: number): boolean => {
  if (reason === 'SIZE_MISMATCH' || reason === 'SHA256_MISMATCH') {
    return failures < MAX_DAMAGED;
  }
  // UNKNOWN is not an answer of the service but a problem of the agent, such as an unreadable file.
  return !FINAL.has(reason) && code !== status.UNKNOWN && code !== status.UNIMPLEMENTED;
};
