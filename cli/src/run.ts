import { Command, CommanderError, Help, Option } from 'commander';
import type { Cli } from './cli.ts';
import {
  aboutTheMesh,
  aboutWorkloads,
  forOperators,
  listWorkloads,
  render,
  simulate,
  webhook,
  type CommandEntry,
} from './command-table.ts';
import type { Actions } from './invocation.ts';

interface Program {
  command: Command;
  /** The exit code of the action that ran; 0 before. */
  readonly exitCode: number;
}

/** Builds the command line. A command that no word of `argv` names cannot run, so only its line of help is needed. */
export const createProgram = async (cli: Cli, argv: readonly string[]): Promise<Program> => {
  let actions: Actions | undefined;
  const terms = new Map<Command, string>();
  const create = async ({ name, term, about, load }: CommandEntry): Promise<Command> => {
    const command = new Command(name).description(about);
    if (!argv.includes(name)) {
      terms.set(command, term);
      return command;
    }
    const [define, { createActions }] = await Promise.all([load(), import('./invocation.ts')]);
    return define(command, (actions ??= createActions(cli, argv)));
  };
  const createAll = (entries: readonly CommandEntry[]): Promise<Command[]> =>
    Promise.all(entries.map(create));

  const program = new Command('muster')
    .description(
      "Gathers people's machines and puts them to work on Blender scenes and simulation cases.",
    )
    .option(
      '--context <file>',
      'the context to use (default: $MUSTER_CONTEXT, ./.muster/context.json, ~/.muster/context.json)',
    )
    .option(
      '--json',
      'one JSON document, or one line of JSON per event; nothing else on standard output',
    )
    .addOption(
      new Option(
        '--as <role>',
        "whose token of the context to use, instead of the command's own choice",
      ).choices(['customer', 'operator']),
    )
    .option(
      '--tls-ca <file>',
      'the authority to check servers against, or `system` for those that this machine trusts (default: $MUSTER_TLS_CA, then the context)',
    )
    .option(
      '--tls-cert <file>',
      'a certificate for servers that this command starts (default: $MUSTER_TLS_CERT)',
    )
    .option('--tls-key <file>', 'its key (default: $MUSTER_TLS_KEY)')
    .exitOverride()
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (command) => terms.get(command) ?? new Help().subcommandTerm(command),
    })
    .configureOutput({
      writeOut: (text) => cli.stdout.write(text),
      writeErr: (text) => cli.stderr.write(text),
      // tellFailure() prints errors, once.
      outputError: () => {},
    });
  const workloads = await create(listWorkloads);
  for (const command of await createAll(aboutWorkloads)) {
    workloads.addCommand(command);
  }
  const commands = [
    ...(await createAll([...aboutTheMesh, render, simulate])),
    workloads,
    ...(await createAll([...aboutWorkloads, webhook, ...forOperators])),
  ];
  for (const command of commands) {
    program.addCommand(inherit(program, command));
  }
  return {
    command: program,
    get exitCode() {
      return actions?.exitCode ?? 0;
    },
  };
};

/** `addCommand` does not pass output and exit settings on to nested commands. */
const inherit = (parent: Command, command: Command): Command => {
  command.copyInheritedSettings(parent);
  for (const nested of command.commands) {
    inherit(command, nested);
  }
  return command;
};

/** Runs one command line and answers the exit code. Every error becomes one line on standard error; nothing is thrown. */
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
