import { Command, Option } from 'commander';
import type { Cli } from './cli.ts';
import { agentCommand } from './commands/agent.ts';
import { callCommand } from './commands/call.ts';
import { computeCommand } from './commands/compute.ts';
import { customersCommand } from './commands/customers.ts';
import { downCommand } from './commands/down.ts';
import { logCommand } from './commands/log.ts';
import { machinesCommand } from './commands/machines.ts';
import { pauseCommand } from './commands/pause.ts';
import { portsCommand } from './commands/ports.ts';
import { visualizeCommand } from './commands/visualize.ts';
import { renderCommand } from './commands/render.ts';
import { resultsCommand } from './commands/results.ts';
import { resumeCommand } from './commands/resume.ts';
import { retryCommand } from './commands/retry.ts';
import { scrubCommand } from './commands/scrub.ts';
import { showCommand } from './commands/show.ts';
import { statusCommand } from './commands/status.ts';
import { stopCommand } from './commands/stop.ts';
import { tokenCommand } from './commands/token.ts';
import { upCommand } from './commands/up.ts';
import { usersCommand } from './commands/users.ts';
import { usersWantedCommand } from './commands/users-wanted.ts';
import { vncCommand } from './commands/vnc.ts';
import { watchCommand } from './commands/watch.ts';
import { whyCommand } from './commands/why.ts';
import { workloadsCommand } from './commands/workloads.ts';
import type { Actions } from './invocation.ts';

/** The whole command line. */
export const createProgram = (cli: Cli, actions: Actions): Command => {
  const program = new Command('muster')
    .description("Gathers people's machines and puts them to work on Blender scenes and simulation cases.")
    .option(
      '--context <file>',
      'the context to use (default: $MUSTER_CONTEXT, ./.muster/context.json, ~/.muster/context.json)',
    )
    .option('--json', 'one JSON document, or one line of JSON per event; nothing else on standard output')
    .addOption(
      new Option(
        '--as <role>',
        "whose token of the context to use, where the command's own choice is not meant",
      ).choices(['customer', 'operator']),
    )
    .option('--tls-ca <file>', 'the authority to check servers against (default: $MUSTER_TLS_CA, then the context)')
    .option('--tls-cert <file>', 'a certificate for servers that this command starts (default: $MUSTER_TLS_CERT)')
    .option('--tls-key <file>', 'its key (default: $MUSTER_TLS_KEY)')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => cli.stdout.write(text),
      writeErr: (text) => cli.stderr.write(text),
      // Told once, by run().
      outputError: () => {},
    });
  const workloads = workloadsCommand(actions);
  for (const command of aboutWorkloads) workloads.addCommand(command(actions));
  const commands = [
    ...aboutTheMesh.map((command) => command(actions)),
    renderCommand(actions),
    workloads,
    ...aboutWorkloads.map((command) => command(actions)),
    ...forOperators.map((command) => command(actions)),
  ];
  for (const command of commands) program.addCommand(inherit(program, command));
  return program;
};

const aboutTheMesh = [upCommand, downCommand, statusCommand, agentCommand];
const forOperators = [
  usersCommand,
  machinesCommand,
  customersCommand,
  portsCommand,
  visualizeCommand,
  vncCommand,
  computeCommand,
  tokenCommand,
  callCommand,
];

/** Commands that take a workload's id: `muster show ID`, and `muster workloads show ID` for those who look there. */
const aboutWorkloads = [
  showCommand,
  watchCommand,
  stopCommand,
  pauseCommand,
  resumeCommand,
  retryCommand,
  usersWantedCommand,
  resultsCommand,
  logCommand,
  whyCommand,
  scrubCommand,
];

/** `addCommand` leaves output and exit settings behind; nested commands need them too. */
const inherit = (parent: Command, command: Command): Command => {
  command.copyInheritedSettings(parent);
  for (const nested of command.commands) inherit(command, nested);
  return command;
};
