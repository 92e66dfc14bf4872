import { addAbortListener } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Option } from 'commander';
import type { TlsFiles } from '#libs/config/index.ts';
import { serviceArguments } from '#libs/embedded/index.ts';
import { startProgram } from '#libs/programs/index.ts';
import { createSpeaker } from '../agent/speaker.ts';
import type { MeshContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { noContext } from '../failures.ts';
import type { Define, Invocation } from '../invocation.ts';
import { tlsFor } from '../mesh.ts';
import { blenderOption, blendersOf, countOption, parseSize } from '../options.ts';
import { agentEnvironment, enrol } from '../up/agents.ts';
import { writePrivate } from '../up/files.ts';
import { inheritedEnvironment, tlsEnvironment } from '../up/services.ts';

interface AgentOptions {
  name: string;
  slots: number;
  memory?: number;
  engines: string;
  blender: string[];
  cache?: string;
  gpu: boolean;
  sandbox: boolean;
  quiet?: true;
}

/**
 * Runs in the foreground; the first Ctrl-C lets it hand its work back. On a terminal it says what it does; otherwise the agent's
 * log goes to standard error, line by line as JSON.
 */
export const agent: Define = (command, { does }) =>
  command
    .requiredOption('--name <name>', "the machine's name, unique in the mesh")
    .addOption(countOption('--slots <n>', 'tasks to work on at a time', [1, 1_000], 1))
    .addOption(
      new Option(
        '--memory <size>',
        "how much memory tasks may use together, 8GiB, for several agents on one machine (default: all of the machine's)",
      ).argParser(parseSize),
    )
    .option(
      '--engines <list>',
      'auto, or some of CYCLES,BLENDER_EEVEE,BLENDER_WORKBENCH,noop',
      'auto',
    )
    .addOption(blenderOption())
    .option('--cache <dir>', 'where scenes are kept (default: agents/NAME beside the context)')
    .option('--no-gpu', 'lend no graphics card')
    .option('--no-sandbox', 'run renderers unconfined')
    .option('--quiet', 'say only what goes wrong')
    .action(
      does<[], AgentOptions>(async (invocation, _args, options) => {
        const { cli, common, output } = invocation;
        const { name } = options;
        const context = await invocation.context();
        const { user, blob } = context.endpoints;
        if (user === undefined || blob === undefined) {
          throw noContext(`${context.file} names no endpoint 'user' or 'blob'`);
        }
        const beside = join(dirname(context.file), 'agents', encodeURIComponent(name));
        const cache = resolve(cli.cwd, options.cache ?? beside);
        await mkdir(cache, { recursive: true, mode: 0o700 });
        const tls = tlsFor(cli, common, context);
        const tokenFile = join(cache, 'token');
        await writePrivate(tokenFile, `${await tokenOf(invocation, context, name, user, tls)}\n`);

        const isQuiet = options.quiet ?? false;
        const isSpoken = output.isLive;
        const speaker = isSpoken
          ? createSpeaker({ name, screen: cli.stdout, clock: cli.clock, isQuiet })
          : undefined;

        const { pid, exited, kill } = await startProgram({
          argv: [process.execPath, ...serviceArguments('compute-agent')],
          env: {
            ...inheritedEnvironment(cli.env.inherited),
            ...agentEnvironment({
              ...options,
              memoryBytes: options.memory,
              blender: blendersOf(options.blender, cli.cwd),
              cache,
              tokenFile,
              endpoints: { user, blob },
            }),
            ...tlsEnvironment(tls),
            MUSTER_PARENT_PID: String(process.pid),
            ...(isSpoken ? { MUSTER_AGENT_TELL: '1' } : {}),
            ...(isQuiet && !isSpoken ? { MUSTER_LOG_LEVEL: 'warn' } : {}),
          },
          // Standard output stays free for --json.
          output: speaker?.take ?? process.stderr.fd,
        });
        output.json({ event: 'started', name, pid });
        using _passedOn = addAbortListener(cli.interrupt, () => kill('SIGTERM'));
        const { code } = await exited;
        speaker?.finish();
        output.json({ event: 'ended', name, code });
        return code === 0 ? exitCodes.done : exitCodes.failed;
      }),
    );

/** A token that somebody was given for this machine, or a new one where we may enrol machines. */
const tokenOf = async (
  { cli, output }: Pick<Invocation, 'cli' | 'output'>,
  { file, tokens }: MeshContext,
  name: string,
  target: string,
  tls: TlsFiles | undefined,
): Promise<string> => {
  if (cli.env.token) {
    return cli.env.token;
  }
  if (tokens.operator === undefined) {
    throw noContext(
      `${file} holds no operator's token to enrol ${name} with; set MUSTER_TOKEN to the agent's own`,
    );
  }
  const note = (text: string): void => output.note(text);
  return enrol(cli, name, { target, token: tokens.operator, tls }, note);
};
