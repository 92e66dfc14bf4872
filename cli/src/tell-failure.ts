import { CommanderError } from 'commander';
import { type DomainError, isDomainError, status, statusName } from '#libs/errors/index.ts';
import type { Cli } from './cli.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { connectionProblem, Interrupted, usage } from './failures.ts';

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
    return withAdvice(thrown);
  }
  if (thrown instanceof CommanderError) {
    return usage(commanderMessage(thrown));
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: status.UNKNOWN, reason: 'UNEXPECTED', message };
};

/** If nobody listens at the endpoint, the message says what to do about it. */
const withAdvice = (error: DomainError): Failure => {
  const problem = error.code === status.UNAVAILABLE ? connectionProblem(error.message) : undefined;
  if (problem === undefined) {
    return error;
  }
  const message = `the mesh cannot be reached (${problem}); \`muster status\` tells more, \`muster up\` starts one here`;
  return { code: error.code, reason: error.reason, message };
};

/** Without a command commander has already printed its help, and its message is no sentence. */
const commanderMessage = (error: CommanderError): string =>
  error.code === 'commander.help' ? 'name a command' : error.message.replace(/^error: /, '');

const failureLine = ({ code, reason, message }: Failure, isJson: boolean): string =>
  isJson
    ? JSON.stringify({ error: { code: statusName(code), reason, message } })
    : `muster: ${message}${reason === 'USAGE' ? '' : ` (${statusName(code)}, ${reason})`}`;
