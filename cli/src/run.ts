import { CommanderError } from 'commander';
import type { Cli } from './cli.ts';
import { createProgram } from './program.ts';

/**
 * Runs one command line (without interpreter and script) and answers the exit code. Every error becomes one line on
 * standard error; nothing is thrown.
 */
export const run = async (cli: Cli, argv: readonly string[]): Promise<number> => {
  try {
    const program = await createProgram(cli, argv);
    await program.command.parseAsync([...argv], { from: 'user' });
    return program.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) {
      return 0;
    }
    const { tellFailure } = await import('./tell-failure.ts');
    return tellFailure(cli, thrown, argv.includes('--json'));
  }
};
