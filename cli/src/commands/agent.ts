import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { exitCodes } from '../exit-codes.ts';
import type { Define } from '../invocation.ts';
import { countOption } from '../options.ts';
import { runAgent } from '../up/run-agent.ts';

interface AgentOptions {
  name: string;
  slots: number;
  engines: string;
  cache?: string;
  sandbox: boolean;
}

export const agent: Define = (command, { does }) =>
  command
    .requiredOption('--name <name>', "the machine's name, unique in the mesh")
    .addOption(countOption('--slots <n>', 'tasks to work on at a time', [1, 1_000], 1))
    .option(
      '--engines <list>',
      'auto, or some of CYCLES,BLENDER_EEVEE,BLENDER_WORKBENCH,noop',
      'auto',
    )
    .option('--cache <dir>', 'where scenes are kept (default: agents/NAME beside the context)')
    .option('--no-sandbox', 'run renderers unconfined')
    .action(
      does<[], AgentOptions>(async (invocation, _args, options) => {
        const { cli } = invocation;
        const context = await invocation.context();
        const cache =
          options.cache ?? join(dirname(context.file), 'agents', encodeURIComponent(options.name));
        const directory = resolve(cli.cwd, cache);
        await mkdir(directory, { recursive: true, mode: 0o700 });
        const code = await runAgent(invocation, context, { ...options, cache: directory });
        return code === 0 ? exitCodes.done : exitCodes.failed;
      }),
    );
