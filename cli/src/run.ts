import { status } from '@grpc/grpc-js';
import { CommanderError } from 'commander';
import { isDomainError, type DomainError } from '#libs/errors/index.ts';
import type { Cli } from './cli.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { connectionProblem, Interrupted, usage } from './failures.ts';
import { createActions } from './invocation.ts';
import { errorLine } from './output.ts';
import { createProgram } from './program.ts';

/**
 * Runs one command line (without interpreter and script) and answers the exit code. Every error becomes one line on
 * standard error; nothing is thrown.
 */
export const run = async (cli: Cli, argv: readonly string[]): Promise<number> => {
  const actions = createActions(cli);
  const program = createProgram(cli, actions);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return actions.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return exitCodes.done;
    if (thrown instanceof Interrupted || cli.interrupt.aborted) {
      cli.stderr.write(`muster: ${thrown instanceof Interrupted ? thrown.message : 'interrupted'}\n`);
      return exitCodes.interrupted;
    }
    const error = asError(thrown);
    cli.stderr.write(`${errorLine(error, argv.includes('--json'))}\n`);
    return exitCodeOf(error.code);
  }
};

const asError = (thrown: unknown): Pick<DomainError, 'code' | 'reason' | 'message'> => {
  if (isDomainError(thrown)) return sayable(thrown);
  if (thrown instanceof CommanderError) return usage(commanderMessage(thrown));
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: status.UNKNOWN, reason: 'UNEXPECTED', message };
};

/** Nobody listens where the context says: people are told what to do about it. */
const sayable = (error: DomainError): Pick<DomainError, 'code' | 'reason' | 'message'> => {
  const problem = error.code === status.UNAVAILABLE ? connectionProblem(error.message) : undefined;
  if (problem === undefined) return error;
  const message = `the mesh cannot be reached (${problem}); \`muster status\` tells more, \`muster up\` starts one here`;
  return { code: error.code, reason: error.reason, message };
};

/** Without a command commander has printed its help already, and its message is no sentence. */
const commanderMessage = (error: CommanderError): string =>
  error.code === 'commander.help' ? 'name a command' : error.message.replace(/^error: /, '');
