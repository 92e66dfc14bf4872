import { DomainError, isDomainError, status } from '#libs/errors/index.ts';
import { isNoRoom } from './no-room.ts';

export const usage = (message: string, reason = 'USAGE'): DomainError =>
  new DomainError(status.INVALID_ARGUMENT, reason, message);

const badPath =
  (reason: string) =>
  (path: string, problem: string, cause?: unknown): DomainError =>
    new DomainError(status.INVALID_ARGUMENT, reason, `${path}: ${problem}`, { path }, { cause });

/** A file that the command reads is missing, unreadable or malformed. */
export const inputUnreadable = badPath('INPUT_UNREADABLE');
/** Results cannot be written where they were wanted. */
export const outputUnwritable = badPath('OUTPUT_UNWRITABLE');

export const noContext = (message: string): DomainError =>
  new DomainError(status.INVALID_ARGUMENT, 'NO_CONTEXT', message);

/** Something that a command found on this machine forbids what was asked. */
export const precondition = (
  reason: string,
  message: string,
  metadata?: Record<string, string | number>,
): DomainError => new DomainError(status.FAILED_PRECONDITION, reason, message, metadata);

/**
 * What of the system kept a file from being written: FAILED_PRECONDITION `NO_ROOM`, whose message says how to `goOn`, or
 * INVALID_ARGUMENT `OUTPUT_UNWRITABLE`. Anything else that was thrown stays as it is.
 */
export const writeFailure = (path: string, thrown: unknown, goOn: string): unknown => {
  if (isNoRoom(thrown)) {
    return precondition('NO_ROOM', `${path}: ${textOf(thrown)}; make room, then ${goOn}`, { path });
  }
  const isOfTheSystem = thrown instanceof Error && 'syscall' in thrown;
  return isOfTheSystem ? outputUnwritable(path, textOf(thrown), thrown) : thrown;
};

/** The user pressed Ctrl-C. `message` says what goes on without us, and how to reach it. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** The text of a system error without its stack: `no such file or directory`. */
export const textOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) {
    return String(thrown);
  }
  const code = 'code' in thrown ? String(thrown.code) : '';
  return plainly[code] ?? thrown.message;
};

const plainly: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'a part of the path is no directory',
  EROFS: 'the disk is read-only',
  ENOSPC: 'no room left on the disk',
  EDQUOT: 'no room left in the quota of the disk',
};

/** What people are told while we wait for a part of the mesh. */
export const outage = (error: Error): string => {
  const isNobody = isDomainError(error) && error.reason === 'NO_MESH';
  const what = isNobody ? `no mesh answers at ${error.metadata['address']}` : error.message;
  return `${what}; trying again until it answers`;
};

/** Errors that pass by themselves: a replica goes away, a store restarts, another call was faster. */
export const isTransient = (thrown: unknown): boolean =>
  isDomainError(thrown) && TRANSIENT.has(thrown.code);

const TRANSIENT: ReadonlySet<status> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
]);
