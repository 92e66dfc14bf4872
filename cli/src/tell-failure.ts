import { CommanderError } from 'commander';
import { DomainError, isDomainError, status, statusName } from '#libs/errors/index.ts';
import type { Cli } from './cli.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { Interrupted, usage } from './failures.ts';
import { printableLines } from './output.ts';

type Failure = Pick<DomainError, 'code' | 'reason' | 'message'>;

/** Prints what ended a command as one line on standard error; answers the exit code. */
export const tellFailure = (cli: Cli, thrown: unknown, isJson: boolean): number => {
  if (thrown instanceof Interrupted || cli.interrupt.aborted) {
    cli.stderr.write(`muster: ${thrown instanceof Interrupted ? thrown.message : 'interrupted'}\n`);
    return exitCodes.interrupted;
  }
  const failure = failureOf(thrown);
  cli.stderr.write(`${failureLine(failure, isJson)}\n`);
  return exitCodeOf(failure.code);
};

const failureOf = (thrown: unknown): Failure => {
  if (isDomainError(thrown)) {
    return thrown;
  }
  if (thrown instanceof CommanderError) {
    return usage(commanderMessage(thrown));
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: status.UNKNOWN, reason: 'UNEXPECTED', message };
};

/** Without a command commander has already printed its help, and its message is no sentence. */
const commanderMessage = (error: CommanderError): string =>
  error.code === 'commander.help' ? 'name a command' : error.message.replace(/^error: /, '');

/** Their messages end with lines of a log of this machine. */
const LOGS: ReadonlySet<string> = new Set(['PART_FAILED', 'UP_FAILED']);

const failureLine = ({ code, reason, message }: Failure, isJson: boolean): string =>
  isJson
    ? JSON.stringify({ error: { code: statusName(code), reason, message } })
    : `muster: ${printableLines(LOGS.has(reason) ? message.split('\n') : message)}${reason === 'USAGE' ? '' : ` (${statusName(code)}, ${reason})`}`;

const LINE = /^muster: (.*?)(?: \(([A-Z_]+), ([A-Z_]+)\))?$/;

/** The error of a command in the last line of what it said; undefined if that is none. */
export const failureIn = (said: string): DomainError | undefined => {
  const [, message, code, reason = 'USAGE'] =
    LINE.exec(said.trimEnd().split('\n').at(-1) ?? '') ?? [];
  if (message === undefined) {
    return undefined;
  }
  const known = Object.entries(status).find(([name]) => name === code);
  return new DomainError(known?.[1] ?? status.INVALID_ARGUMENT, reason, message);
};
