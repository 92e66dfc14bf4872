import { DomainError, invalidFields, status } from '#libs/errors/index.ts';

export const helloExpected = (what: string): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'HELLO_EXPECTED',
    `the first message must be hello, and only that: ${what}`,
  );

/** An agent also gets it if its machine is deleted while it is connected. */
export const machineUnknown = (machine: string | undefined): DomainError =>
  new DomainError(
    status.PERMISSION_DENIED,
    'MACHINE_UNKNOWN',
    machine === undefined
      ? 'the token names no machine; enrol one and use its token'
      : `machine ${machine} is not enrolled; enrol it again`,
    machine === undefined ? {} : { machine },
  );

/** Others made something else of its tasks and agree on it. */
export const machineBarred = (machine: string, reason: string): DomainError =>
  new DomainError(
    status.PERMISSION_DENIED,
    'MACHINE_BARRED',
    `machine ${machine} is barred: ${reason}; ask the operator, who can delete it and enrol it again`,
    { machine },
  );

export const superseded = (): DomainError =>
  new DomainError(
    status.ABORTED,
    'SUPERSEDED',
    'the same machine connected again; this agent must stay away',
  );

/** A newer stream of the same agent is known. The agent has given this one up, so nobody hears of it. */
export const outdatedStream = (): DomainError =>
  new DomainError(
    status.ABORTED,
    'OUTDATED_STREAM',
    'this agent has connected again since it opened this stream',
  );

export const tooManyForgeries = (count: number): DomainError =>
  new DomainError(
    status.PERMISSION_DENIED,
    'TOO_MANY_FORGERIES',
    `${count} reports on this stream named work that this machine was not given, or had tokens or receipts that prove nothing; report only what was handed to this machine`,
    { count },
  );

export const readerTooSlow = (waitingBytes: number): DomainError =>
  new DomainError(
    status.RESOURCE_EXHAUSTED,
    'READER_TOO_SLOW',
    'the agent does not read what it is told; connect again',
    { waiting_bytes: waitingBytes },
    { retryAfterMs: 5_000 },
  );

export const agentSilent = (): DomainError =>
  new DomainError(
    status.UNAVAILABLE,
    'AGENT_SILENT',
    'the agent was asked what it holds and did not say; connect again',
    {},
    { retryAfterMs: 5_000 },
  );

/** The database says that this stream is gone. */
export const connectionLost = (): DomainError =>
  new DomainError(
    status.UNAVAILABLE,
    'CONNECTION_LOST',
    'the mesh took this stream for lost; connect again',
    {},
    { retryAfterMs: 250 },
  );

export const emptyMessage = (): DomainError =>
  invalidFields([{ field: 'message', description: 'must be hello, reports, held or goodbye' }]);
