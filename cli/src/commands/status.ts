import { Command } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import type { Actions } from '../invocation.ts';
import { checkProcesses, checkServices } from '../status.ts';

export const statusCommand = ({ does }: Actions): Command =>
  new Command('status').description('the health of every part of the mesh').action(
    does<[]>(async (invocation) => {
      const { output } = invocation;
      const context = await invocation.context();
      const checks = [...(await checkServices(invocation, context)), ...(await checkProcesses(context))];
      output.table(
        [{ title: 'PART' }, { title: 'HEALTH' }, { title: 'WHERE' }, { title: 'DETAIL' }],
        checks.map(({ name, health, where, detail }) => [name, health, where, detail]),
      );
      output.json(checks);
      return checks.every(({ health }) => health === 'serving' || health === 'running')
        ? exitCodes.done
        : exitCodes.unavailable;
    }),
  );
