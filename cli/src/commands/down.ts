import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Actions } from '../invocation.ts';
import { bringDown } from '../up/bring-down.ts';

export const downCommand = ({ does }: Actions): Command =>
  new Command('down')
    .description('end the mesh that `muster up` runs on this machine; does nothing when there is none')
    .option('--data <dir>', 'its directory', '.muster')
    .action(
      does<[], { data: string }>(async ({ cli, output }, _args, { data }) => {
        const outcome = await bringDown(cli, resolve(cli.cwd, data), (text) => output.note(text));
        output.text(outcome === 'nothing' ? 'nothing was running' : 'everything has ended');
        output.json({ event: 'down', wasRunning: outcome !== 'nothing' });
      }),
    );
