import { DomainError, status } from '#libs/errors/index.ts';

export interface Expectation {
  /** 64 lower-case hexadecimal digits; undefined: any hash. */
  sha256: string | undefined;
  /** Undefined: any length up to `maximumBytes`. */
  sizeBytes: number | undefined;
  maximumBytes: number;
  /** What an earlier upload sent of it; unset: nothing. */
  earlierBytes?: number;
}

export interface Measured {
  sha256: string;
  sizeBytes: number;
}

/** The longest chunk of an upload, and of a download. */
export const MAX_CHUNK_BYTES = 1024 * 1024;

/** Checks an upload while it flows. Throws as soon as it can no longer match. */
export const checkProgress = (
  { sizeBytes, maximumBytes }: Expectation,
  receivedBytes: number,
): void => {
  if (receivedBytes > maximumBytes || (sizeBytes ?? 0) > maximumBytes) {
    throw uploadTooLarge(maximumBytes);
  }
  if (sizeBytes !== undefined && receivedBytes > sizeBytes) {
    throw sizeMismatch(sizeBytes, receivedBytes);
  }
};

/** Checks a whole upload, before any of it becomes visible. */
export const checkWhole = (expectation: Expectation, measured: Measured): void => {
  checkProgress(expectation, measured.sizeBytes);
  const { sha256, sizeBytes } = expectation;
  if (sizeBytes !== undefined && measured.sizeBytes !== sizeBytes) {
    throw sizeMismatch(sizeBytes, measured.sizeBytes);
  }
  if (measured.sizeBytes === 0) {
    throw new DomainError(
      status.INVALID_ARGUMENT,
      'EMPTY_UPLOAD',
      'the upload carries no bytes; send chunks after the header',
    );
  }
  if (sha256 !== undefined && measured.sha256 !== sha256) {
    throw new DomainError(
      status.INVALID_ARGUMENT,
      'SHA256_MISMATCH',
      `the bytes hash to ${measured.sha256}, the header said ${sha256}; upload again`,
      { expected: sha256, received: measured.sha256 },
    );
  }
};

const uploadTooLarge = (maximumBytes: number): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'UPLOAD_TOO_LARGE',
    `a file may have at most ${maximumBytes} bytes here; split it, or ask the operator for more`,
    { maximum_bytes: maximumBytes },
  );

const sizeMismatch = (expected: number, received: number): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'SIZE_MISMATCH',
    `the header said ${expected} bytes, ${received} came; upload again`,
    { expected, received },
  );

/** Whether an upload may still become an object. The sweep takes those without one an hour later, so a late call is safe. */
export const isFresh = (ageMs: number): boolean => ageMs < 24 * 3_600_000;
