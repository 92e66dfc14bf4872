import { DomainError, invalidFields, status, unavailable } from '#libs/errors/index.ts';

/** Also for another owner's blobs: a caller must not learn that the name exists. */
export const blobNotFound = (name: string): DomainError =>
  new DomainError(
    status.NOT_FOUND,
    'BLOB_NOT_FOUND',
    `there is no blob ${name} for you; check its name, or get a grant`,
    { blob_name: name },
  );

export const objectNotFound = (id: string): DomainError =>
  new DomainError(
    status.NOT_FOUND,
    'OBJECT_NOT_FOUND',
    `you have no object ${id}; ListObjects names them`,
    { object_id: id },
  );

export const attemptTokenInvalid = (workload: string, task: string): DomainError =>
  new DomainError(
    status.PERMISSION_DENIED,
    'ATTEMPT_TOKEN_INVALID',
    'the token does not belong to this attempt on this machine; drop the attempt',
    { workload_id: workload, task },
  );

export const workloadOver = (workload: string): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'WORKLOAD_OVER',
    `workload ${workload} takes no results any more; drop the attempt`,
    { workload_id: workload },
  );

export const uploadNotKept = (cause?: unknown): DomainError =>
  new DomainError(
    status.ABORTED,
    'UPLOAD_NOT_KEPT',
    'nothing is kept under this resume_token any more; ask FindUpload again',
    {},
    { cause },
  );

export const manifestDamaged = (name: string): DomainError =>
  new DomainError(
    status.DATA_LOSS,
    'MANIFEST_DAMAGED',
    `the manifest ${name} is damaged; have what it is of made again`,
    { blob_name: name },
  );

export const commitTooSlow = (): DomainError =>
  unavailable('blob storage', 'the parts were looked at too slowly; commit them again');

/** Says the same as user-managers say to it. */
export const machineUnknown = (machine: string): DomainError =>
  new DomainError(
    status.PERMISSION_DENIED,
    'MACHINE_UNKNOWN',
    `machine ${machine} is not enrolled; enrol it again`,
    { machine },
  );

export const extensionRefused = (
  field: string,
  extension: string,
  allowed: readonly string[],
): DomainError =>
  invalidFields([
    {
      field,
      description: `results of this task are ${allowed.join(', ')}, not ${extension}`,
    },
  ]);

export const attemptHasOtherBytes = (name: string): DomainError =>
  new DomainError(
    status.ALREADY_EXISTS,
    'ATTEMPT_HAS_OTHER_BYTES',
    'the attempt already stored other bytes; ask for a new attempt',
    { blob_name: name },
  );

export const targetRefused = (target: string, role: string): DomainError =>
  new DomainError(
    status.PERMISSION_DENIED,
    'UPLOAD_TARGET_REFUSED',
    `the role ${role} does not upload a ${target}`,
    { target, role },
  );

export const uploadStalled = (afterMs: number): DomainError =>
  new DomainError(
    status.DEADLINE_EXCEEDED,
    'UPLOAD_STALLED',
    `nothing came for ${afterMs / 1000} s; upload again from the beginning and keep sending`,
    { after_ms: afterMs },
  );

/** Also an upload of many small pieces: it may not hold a place for hours. */
export const uploadTooSlow = (minBytesPerSecond: number): DomainError =>
  new DomainError(
    status.DEADLINE_EXCEEDED,
    'UPLOAD_TOO_SLOW',
    `less than ${minBytesPerSecond} bytes a second came; nothing was stored: upload again from the beginning over a faster line`,
    { min_bytes_per_second: minBytesPerSecond },
  );

export const uploadTooLong = (withinMs: number): DomainError =>
  new DomainError(
    status.DEADLINE_EXCEEDED,
    'UPLOAD_TOO_SLOW',
    `the upload took more than ${Math.round(withinMs / 1000)} s; nothing was stored: upload again over a faster line, or less`,
    { within_ms: Math.round(withinMs) },
  );

export const downloadTooSlow = (minBytesPerSecond: number): DomainError =>
  new DomainError(
    status.DEADLINE_EXCEEDED,
    'DOWNLOAD_TOO_SLOW',
    `less than ${minBytesPerSecond} bytes a second were read; go on with \`offset\` after the last byte that came`,
    { min_bytes_per_second: minBytesPerSecond },
  );

export const tooManyWaiting = (waiting: number): DomainError =>
  new DomainError(
    status.RESOURCE_EXHAUSTED,
    'TOO_MANY_TRANSFERS',
    `${waiting} of your calls already wait for a place; try again when some have ended`,
    { waiting },
    { retryAfterMs: 5_000 },
  );

export const urlsNotSupported = (): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'URLS_NOT_SUPPORTED',
    "the service's connection string holds no account key to sign URLs with; use Upload and Download",
  );

/** Who could create a blob by such a URL could read any other. */
export const uploadUrlsNotSupported = (): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'URLS_NOT_SUPPORTED',
    'the blob storage copies any blob into an upload URL without asking for leave; use Upload',
  );

/** The value of a required field. Throws INVALID_ARGUMENT if it is undefined. */
export const required = <T>(field: string, value: T | undefined, description: string): T => {
  if (value === undefined) {
    throw invalidFields([{ field, description }]);
  }
  return value;
};
