import { resolve } from 'node:path';
import type { Define } from '../invocation.ts';
import { bringDown } from '../up/bring-down.ts';

export const down: Define = (command, { does }) =>
  command.option('--data <dir>', 'its directory', '.muster').action(
    does<[], { data: string }>(async ({ cli, output }, _args, { data }) => {
      const outcome = await bringDown(cli, resolve(cli.cwd, data), (text) => output.note(text));
      output.text(outcome === 'nothing' ? 'nothing was running' : 'everything has ended');
      output.json({ event: 'down', wasRunning: outcome !== 'nothing' });
    }),
  );
