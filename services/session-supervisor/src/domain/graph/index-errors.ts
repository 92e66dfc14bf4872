import { DomainError, status } from '#libs/errors/index.ts';

/** INVALID_ARGUMENT `FRAMES_INVALID`: `position` counts characters from 1, `expected` says what belongs there. */
export const indicesInvalid = (
  position: number,
  expected: string,
  found: string,
  examples = '1-100, 1-100x5 or 3,7,20-30',
): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'FRAMES_INVALID',
    `frames: expected ${expected} at character ${position}, found ${found}; write for example ${examples}`,
    { position, expected, found },
  );

/** INVALID_ARGUMENT `FRAMES_TOO_MANY`. */
export const indicesTooMany = (max: number): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'FRAMES_TOO_MANY',
    `a workload has at most ${max} frames; split it, or render every second one (1-1000000x2)`,
    { max },
  );

/** INVALID_ARGUMENT `FRAMES_TOO_COMPLEX`: the text is too long or has too many pieces; `detail` says which. */
export const indicesTooComplex = (detail: string): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'FRAMES_TOO_COMPLEX',
    `frames: ${detail}; write fewer and longer ranges, or split the workload`,
    { detail },
  );
