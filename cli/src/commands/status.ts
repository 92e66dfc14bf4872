import { exitCodes } from '../exit-codes.ts';
import type { Define } from '../invocation.ts';
import { checkProcesses, checkServices } from '../status.ts';

export const status: Define = (command, { does }) =>
  command.action(
    does<[]>(async (invocation) => {
      const { output } = invocation;
      const context = await invocation.context();
      const checks = [...(await checkServices(invocation, context)), ...(await checkProcesses(context))];
      output.table(checks, [
        ['PART', ({ name }) => name],
        ['HEALTH', ({ health }) => health],
        ['WHERE', ({ where }) => where],
        ['DETAIL', ({ detail }) => detail],
      ]);
      output.json(checks);
      return checks.every(({ health }) => health === 'serving' || health === 'running')
        ? exitCodes.done
        : exitCodes.unavailable;
    }),
  );
