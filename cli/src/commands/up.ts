import { resolve } from 'node:path';
import { Command } from 'commander';
import { parseCount } from '../arguments.ts';
import type { Actions, Invocation } from '../invocation.ts';
import { bringUp } from '../up/bring-up.ts';
import { bringUpDetached } from '../up/detach.ts';
import type { UpOptions } from '../up/options.ts';
import type { Tell } from '../up/tell.ts';

interface CommandOptions extends UpOptions {
  detach?: boolean;
}

export const upCommand = ({ does }: Actions): Command =>
  new Command('up')
    .description('run a whole mesh on this machine: stores, services and agents')
    .option('--data <dir>', 'where everything of this mesh is kept', '.muster')
    .option('--agents <n>', 'compute agents on this machine', parseCount('--agents', 0, 1_000), 1)
    .option('--slots <n>', 'tasks that each agent works on at a time', parseCount('--slots', 1, 1_000), 1)
    .option(
      '--engines <list>',
      'engines of the agents: auto, or some of CYCLES,BLENDER_EEVEE,BLENDER_WORKBENCH,noop',
      'auto',
    )
    .option('--no-sandbox', 'let agents run renderers unconfined')
    .option('--supervisors <n>', 'replicas of session-supervisor', parseCount('--supervisors', 1, 100), 1)
    .option('--user-managers <n>', 'replicas of user-manager', parseCount('--user-managers', 1, 100), 1)
    .option('--mongo <url>', 'a MongoDB replica set from outside')
    .option('--nats <url>', 'a nats-server from outside')
    .option('--blob <connection>', 'a blob storage from outside, as Azure connection string')
    .option('--no-restart', 'leave what dies dead')
    .option('--detach', 'return when it is ready; end it with `muster down`')
    .action(
      does<[], CommandOptions>(async (invocation, _args, { detach = false, ...options }) => {
        const { cli } = invocation;
        const data = resolve(cli.cwd, options.data);
        if (detach) await bringUpDetached(cli, { ...options, data }, teller(invocation));
        else await bringUp(cli, { ...options, data }, teller(invocation));
      }),
    );

/** The endpoints and `ready` are what the command answers; the rest are messages. */
const teller =
  ({ output }: Invocation): Tell =>
  (event, text) => {
    if (event !== undefined) output.json(event);
    if (event?.event === 'endpoints' || event?.event === 'ready') output.text(text);
    else output.note(text);
  };
