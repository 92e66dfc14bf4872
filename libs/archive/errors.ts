import { DomainError, status } from '#libs/errors/index.ts';

/** FAILED_PRECONDITION `ARCHIVE_UNFIT`: the archive must not or cannot be unpacked. `why` goes on from `the archive`. */
export const archiveUnfit = (why: string, cause?: unknown): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'ARCHIVE_UNFIT',
    `the archive ${why}; pack it anew, with plain files and folders only and without a password`,
    {},
    { cause },
  );
