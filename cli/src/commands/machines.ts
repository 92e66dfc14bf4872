import { MachineServiceService, type Machine } from '#libs/contracts/user.ts';
import { formatEnum, formatInstant } from '../formats.ts';
import type { Define } from '../invocation.ts';
import { tellList } from '../list.ts';
import { ttlOption } from '../options.ts';
import type { Column } from '../output.ts';

const service = MachineServiceService;

export const machines: Define = (command, { does }) => {
  command.action(
    does<[]>(async ({ client, output }) => {
      const { listMachines } = await client(service, 'operator');
      await tellList(output, service.listMachines, listMachines, 'machines', columns);
    }),
  );
  command
    .command('create')
    .description("enrol a machine and print its agent's token, which is shown only now")
    .requiredOption('--name <name>', 'its name, unique in the mesh')
    .option('--owner <id>', 'whose it is; machines of one owner do not vouch for each other')
    .addOption(ttlOption('how long the token works: 12h, 30d'))
    .action(
      does<[], { name: string; ttl: number; owner?: string }>(
        async (invocation, _args, options) => {
          const { name, ttl, owner } = options;
          const { cli, client, output } = invocation;
          const ask = {
            name,
            tokenTtlSeconds: ttl,
            requestId: cli.random.id('r'),
            ...(owner !== undefined && { ownerId: owner }),
          };
          const answer = await (await client(service, 'operator')).createMachine(ask);
          output.note(
            `enrolled ${name} as ${answer.machine?.machineId}; its token follows, for the agent's MUSTER_TOKEN`,
          );
          await output.answer(service.createMachine, answer, answer.token);
        },
      ),
    );
  command
    .command('show')
    .description('one machine')
    .argument('<id>', 'the machine')
    .action(
      does<[string]>(async ({ client, output }, [machineId]) => {
        const answer = await (await client(service, 'operator')).getMachine({ machineId });
        output.table([answer.machine], columns);
        await output.answer(service.getMachine, answer);
      }),
    );
  command
    .command('delete')
    .description('remove a machine; its token is no longer valid and its agent is cut off')
    .argument('<id>', 'the machine')
    .action(
      does<[string]>(async ({ client, output }, [machineId]) => {
        const answer = await (await client(service, 'operator')).deleteMachine({ machineId });
        await output.answer(service.deleteMachine, answer, `${machineId} removed`);
      }),
    );
  return command;
};

const columns: readonly Column<Machine>[] = [
  ['MACHINE', ({ machineId }) => machineId],
  ['NAME', ({ name }) => name],
  ['STATUS', ({ status }) => formatEnum(status, 'MACHINE_STATUS_')],
  ['OWNER', ({ ownerId }) => ownerId],
  ['GOOD LOOKS', ({ goodLooks }) => goodLooks, 'right'],
  ['CONTRADICTED', ({ contradictions }) => contradictions, 'right'],
  ['ENROLLED', ({ createTime }) => formatInstant(createTime)],
  ['LAST SEEN', ({ lastSeenTime }) => formatInstant(lastSeenTime)],
  ['BARRED BECAUSE', ({ barredReason }) => barredReason],
];
