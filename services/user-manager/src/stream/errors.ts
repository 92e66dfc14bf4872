import { DomainError, invalidFields, status } from '#libs/errors/index.ts';

/** FAILED_PRECONDITION `HELLO_EXPECTED`. */
export const helloExpected = (what: string): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'HELLO_EXPECTED',
    `the first message must be hello, and only that: ${what}`,
  );

/** PERMISSION_DENIED `MACHINE_UNKNOWN`. An agent also gets it if its machine is deleted while it is connected. */
export const machineUnknown = (machine: string | undefined): DomainError =>
  new DomainError(
    status.PERMISSION_DENIED,
    'MACHINE_UNKNOWN',
    machine === undefined
      ? 'the token names no machine; enrol one and use its token'
      : `machine ${machine} is not enrolled; enrol it again`,
    machine === undefined ? {} : { machine },
  );

/** ABORTED `SUPERSEDED`. */
export const superseded = (): DomainError =>
  new DomainError(
    status.ABORTED,
    'SUPERSEDED',
    'the same machine connected again; this agent must stay away',
  );

/** PERMISSION_DENIED `TOO_MANY_FORGERIES`. */
export const tooManyForgeries = (count: number): DomainError =>
  new DomainError(
    status.PERMISSION_DENIED,
    'TOO_MANY_FORGERIES',
    `${count} reports on this stream had tokens or receipts that prove nothing; report only what was handed to this machine`,
    { count },
  );

/** RESOURCE_EXHAUSTED `READER_TOO_SLOW`. */
export const readerTooSlow = (waitingBytes: number): DomainError =>
  new DomainError(
    status.RESOURCE_EXHAUSTED,
    'READER_TOO_SLOW',
    'the agent does not read what it is told; connect again',
    { waiting_bytes: waitingBytes },
    { retryAfterMs: 5_000 },
  );

/** UNAVAILABLE `AGENT_SILENT`. */
export const agentSilent = (): DomainError =>
  new DomainError(
    status.UNAVAILABLE,
    'AGENT_SILENT',
    'the agent was asked what it holds and did not say; connect again',
    {},
    { retryAfterMs: 5_000 },
  );

/** UNAVAILABLE `CONNECTION_LOST`: the database says that this stream is gone. */
export const connectionLost = (): DomainError =>
  new DomainError(
    status.UNAVAILABLE,
    'CONNECTION_LOST',
    'the mesh took this stream for lost; connect again',
    {},
    { retryAfterMs: 250 },
  );

/** INVALID_ARGUMENT `INVALID_FIELDS`: the message is empty. */
export const emptyMessage = (): DomainError =>
  invalidFields([{ field: 'message', description: 'must be hello, reports, held or goodbye' }]);
