import { Command } from 'commander';
import { MachineServiceService, type Machine } from '#libs/contracts/user.ts';
import { parseTtl } from '../arguments.ts';
import { listJson, responseJson } from '../descriptors.ts';
import { formatEnum, formatInstant } from '../formats.ts';
import type { Actions } from '../invocation.ts';
import type { Output } from '../output.ts';
import { allPages } from '../pages.ts';

export const machinesCommand = ({ does }: Actions): Command => {
  const machines = new Command('machines')
    .description('list the machines that may connect, or enrol and remove them')
    .action(
      does<[]>(async (invocation) => {
        const client = (await invocation.mesh()).machines();
        const pages = await allPages((pageToken) => client.listMachines({ pageSize: 1_000, pageToken }));
        printMachines(
          invocation.output,
          pages.flatMap((page) => page.machines),
        );
        invocation.output.json(pages.flatMap((page) => listJson(MachineServiceService.listMachines, page, 'machines')));
      }),
    );
  machines
    .command('create')
    .description("enrol a machine and print its agent's token, which is shown only now")
    .requiredOption('--name <name>', 'its name, unique in the mesh')
    .option('--ttl <time>', 'how long the token works: 12h, 30d', parseTtl, parseTtl('30d'))
    .action(
      does<[], { name: string; ttl: number }>(async (invocation, _args, { name, ttl: tokenTtlSeconds }) => {
        const { cli, output } = invocation;
        const client = (await invocation.mesh()).machines();
        const answer = await client.createMachine({ name, tokenTtlSeconds, requestId: cli.random.id('r') });
        output.note(
          `enrolled ${name} as ${answer.machine?.machineId}; its token, for MUSTER_TOKEN of the agent, follows`,
        );
        output.text(answer.token);
        output.json(responseJson(MachineServiceService.createMachine, answer));
      }),
    );
  machines
    .command('show')
    .description('one machine')
    .argument('<id>', 'the machine')
    .action(
      does<[string]>(async (invocation, [machineId]) => {
        const client = (await invocation.mesh()).machines();
        const answer = await client.getMachine({ machineId });
        printMachines(invocation.output, answer.machine === undefined ? [] : [answer.machine]);
        invocation.output.json(responseJson(MachineServiceService.getMachine, answer));
      }),
    );
  machines
    .command('delete')
    .description('remove a machine; its token works no longer and its agent is cut off')
    .argument('<id>', 'the machine')
    .action(
      does<[string]>(async (invocation, [machineId]) => {
        const client = (await invocation.mesh()).machines();
        const answer = await client.deleteMachine({ machineId });
        invocation.output.text(`${machineId} removed`);
        invocation.output.json(responseJson(MachineServiceService.deleteMachine, answer));
      }),
    );
  return machines;
};

const printMachines = (output: Output, machines: readonly Machine[]): void => {
  output.table(
    [{ title: 'MACHINE' }, { title: 'NAME' }, { title: 'STATUS' }, { title: 'ENROLLED' }, { title: 'LAST SEEN' }],
    machines.map(({ machineId, name, status, createTime, lastSeenTime }) => [
      machineId,
      name,
      formatEnum(status, 'MACHINE_STATUS_'),
      formatInstant(createTime),
      formatInstant(lastSeenTime),
    ]),
  );
};
