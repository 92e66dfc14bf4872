import { MachineServiceService, type Machine } from '#libs/contracts/user.ts';
import { formatEnum, formatInstant } from '../formats.ts';
import type { Define, Invocation } from '../invocation.ts';
import { allPages, tellList } from '../list.ts';
import { parseTtl } from '../options.ts';
import type { Column } from '../output.ts';

const clientOf = async (invocation: Invocation) =>
  (await invocation.mesh()).client(MachineServiceService, 'user', 'operator');

export const machines: Define = (command, { does }) => {
  command.action(
    does<[]>(async (invocation) => {
      const client = await clientOf(invocation);
      const pages = await allPages((pageToken) =>
        client.listMachines({ pageSize: 1_000, pageToken }),
      );
      await tellList(
        invocation.output,
        MachineServiceService.listMachines,
        pages,
        'machines',
        columns,
      );
    }),
  );
  command
    .command('create')
    .description("enrol a machine and print its agent's token, which is shown only now")
    .requiredOption('--name <name>', 'its name, unique in the mesh')
    .option('--ttl <time>', 'how long the token works: 12h, 30d', parseTtl, parseTtl('30d'))
    .action(
      does<[], { name: string; ttl: number }>(
        async (invocation, _args, { name, ttl: tokenTtlSeconds }) => {
          const { cli, output } = invocation;
          const client = await clientOf(invocation);
          const answer = await client.createMachine({
            name,
            tokenTtlSeconds,
            requestId: cli.random.id('r'),
          });
          output.note(
            `enrolled ${name} as ${answer.machine?.machineId}; its token follows, for the agent's MUSTER_TOKEN`,
          );
          output.text(answer.token);
          await output.answer(MachineServiceService.createMachine, answer);
        },
      ),
    );
  command
    .command('show')
    .description('one machine')
    .argument('<id>', 'the machine')
    .action(
      does<[string]>(async (invocation, [machineId]) => {
        const { output } = invocation;
        const answer = await (await clientOf(invocation)).getMachine({ machineId });
        output.table(answer.machine === undefined ? [] : [answer.machine], columns);
        await output.answer(MachineServiceService.getMachine, answer);
      }),
    );
  command
    .command('delete')
    .description('remove a machine; its token is no longer valid and its agent is cut off')
    .argument('<id>', 'the machine')
    .action(
      does<[string]>(async (invocation, [machineId]) => {
        const { output } = invocation;
        const answer = await (await clientOf(invocation)).deleteMachine({ machineId });
        output.text(`${machineId} removed`);
        await output.answer(MachineServiceService.deleteMachine, answer);
      }),
    );
  return command;
};

const columns: readonly Column<Machine>[] = [
  ['MACHINE', ({ machineId }) => machineId],
  ['NAME', ({ name }) => name],
  ['STATUS', ({ status }) => formatEnum(status, 'MACHINE_STATUS_')],
  ['ENROLLED', ({ createTime }) => formatInstant(createTime)],
  ['LAST SEEN', ({ lastSeenTime }) => formatInstant(lastSeenTime)],
];
