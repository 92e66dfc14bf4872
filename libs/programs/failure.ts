export type FailureReason =
  | 'PROGRAM_MISSING'
  | 'PROGRAM_NOT_EXECUTABLE'
  /** It ended before it was ready. */
  | 'PROGRAM_EXITED'
  /** Somebody else took the port first. */
  | 'PORT_TAKEN'
  /** Somebody else listens where it should. */
  | 'FOREIGN_LISTENER'
  | 'NOT_READY_IN_TIME';

/** A program did not come up; everything that it started is ended. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
  readonly reason: FailureReason;
  readonly program: string;
  /** How it ended, where it did; null for a signal. */
  readonly exitCode: number | null | undefined;
  /** The last lines that it said. */
  readonly lastLines: string;

  constructor(
    reason: FailureReason,
    program: string,
    what: string,
    more: { exitCode?: number | null; lastLines?: string; cause?: unknown } = {},
  ) {
    const { lastLines = '' } = more;
    super(`${program} ${what}${lastLines === '' ? '' : `; it said last:\n${lastLines}`}`, {
      cause: more.cause,
    });
    this.reason = reason;
    this.program = program;
    this.exitCode = more.exitCode;
    this.lastLines = lastLines;
  }
}
