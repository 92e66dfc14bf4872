import { DomainError, status } from '#libs/errors/index.ts';

export const workerKindUnknown = (name: string, known: readonly string[]): DomainError => {
  const which = name === '' ? 'name the kind of worker' : `there is no kind of worker ${name}`;
  const there =
    known.length === 0
      ? 'none is configured; set MUSTER_PORT_COMPUTE_WORKERS'
      : `there are ${known.join(', ')}`;
  return new DomainError(status.NOT_FOUND, 'WORKER_KIND_UNKNOWN', `${which}: ${there}`, {
    worker: name,
  });
};

export const sessionLimitReached = (owner: string, sessions: readonly string[]): DomainError =>
  new DomainError(
    status.RESOURCE_EXHAUSTED,
    'SESSION_LIMIT_REACHED',
    `${owner} has ${sessions.length} sessions, as many as one may have; end one of ${sessions.join(', ')}`,
    { owner, sessions: sessions.join(',') },
    { retryAfterMs: 60_000 },
  );

/** INVALID_ARGUMENT `COMMAND_UNFIT`; `why` says what is wrong with the command. */
export const commandUnfit = (why: string): DomainError =>
  new DomainError(status.INVALID_ARGUMENT, 'COMMAND_UNFIT', `the command was not sent: ${why}`);

export const notTheCreator = (session: string): DomainError =>
  new DomainError(
    status.PERMISSION_DENIED,
    'NOT_THE_CREATOR',
    `only who started ${session} may send it commands; start a session of your own`,
    { session },
  );

/** FAILED_PRECONDITION `SESSION_NOT_READY`; `why` continues "<session> ". */
export const sessionNotReady = (session: string, why: string): DomainError =>
  new DomainError(status.FAILED_PRECONDITION, 'SESSION_NOT_READY', `${session} ${why}`, {
    session,
  });

export const tooManyCommands = (waiting: number): DomainError =>
  new DomainError(
    status.RESOURCE_EXHAUSTED,
    'TOO_MANY_COMMANDS',
    `${waiting} commands wait for this worker already; wait for some of them`,
    { waiting },
    { retryAfterMs: 5_000 },
  );

export const commandNotSent = (timeoutMs: number): DomainError =>
  new DomainError(
    status.DEADLINE_EXCEEDED,
    'COMMAND_NOT_SENT',
    `the worker was busy with earlier commands for all of ${seconds(timeoutMs)} s; this one it never saw, so send it again`,
  );

export const commandTimedOut = (command: string, timeoutMs: number): DomainError =>
  new DomainError(
    status.DEADLINE_EXCEEDED,
    'COMMAND_TIMED_OUT',
    `the worker did not answer ${command} within ${seconds(timeoutMs)} s; it goes on with it, and the next command waits until it is done`,
    { command },
  );

/** UNAVAILABLE `WORKER_LOST`; `why` continues "what became of the command is unknown: ". */
export const workerLost = (why: string, isAlive: boolean): DomainError =>
  new DomainError(
    status.UNAVAILABLE,
    'WORKER_LOST',
    `what became of the command is unknown: ${why}; ${isAlive ? 'look at the session before you send it again' : 'start a new session'}`,
    {},
    { retryAfterMs: 1_000 },
  );

export const replyUnreadable = (command: string, cause: unknown): DomainError =>
  new DomainError(
    status.INTERNAL,
    'REPLY_UNREADABLE',
    `the worker answered ${command} with something that is no JSON object: ${cause instanceof Error ? cause.message.slice(0, 200) : ''}`,
    { command },
    { cause },
  );

const seconds = (ms: number): number => Math.round(ms / 100) / 10;
