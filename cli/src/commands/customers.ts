import { CustomerServiceService, type Customer } from '#libs/contracts/session.ts';
import { usage } from '../failures.ts';
import { formatInstant } from '../formats.ts';
import type { Define, Invocation } from '../invocation.ts';
import { allPages, tellList } from '../list.ts';
import { parseCount } from '../options.ts';
import type { Column } from '../output.ts';

interface PutOptions {
  name?: string;
  workloads?: number;
  users?: number;
  weight?: number;
}

const clientOf = async (invocation: Invocation) =>
  (await invocation.mesh()).client(CustomerServiceService, 'session', 'operator');

export const customers: Define = (command, { does }) => {
  command.action(
    does<[]>(async (invocation) => {
      const client = await clientOf(invocation);
      const pages = await allPages((pageToken) =>
        client.listCustomers({ pageSize: 1_000, pageToken }),
      );
      await tellList(
        invocation.output,
        CustomerServiceService.listCustomers,
        pages,
        'customers',
        columns,
      );
    }),
  );
  command
    .command('show')
    .description('one customer')
    .argument('<id>', 'the customer')
    .action(
      does<[string]>(async (invocation, [customerId]) => {
        const { output } = invocation;
        const answer = await (await clientOf(invocation)).getCustomer({ customerId });
        output.table(answer.customer === undefined ? [] : [answer.customer], columns);
        await output.answer(CustomerServiceService.getCustomer, answer);
      }),
    );
  command
    .command('put')
    .description('create a customer, or change what the options name')
    .argument('<id>', 'the customer: the subject of their tokens')
    .option('--name <name>', 'for display')
    .option(
      '--workloads <n>',
      'how many workloads may run at once',
      parseCount('--workloads', 0, 1_000),
    )
    .option(
      '--users <n>',
      'how many users one workload may have',
      parseCount('--users', 0, 100_000),
    )
    .option('--weight <n>', 'the weight when users are scarce', parseCount('--weight', 0, 1_000))
    .action(
      does<[string], PutOptions>(async (invocation, [customerId], options) => {
        const { output } = invocation;
        const { name, workloads, users, weight } = options;
        const updateMask = [
          ...(name === undefined ? [] : ['display_name']),
          ...(workloads === undefined ? [] : ['plan.running_workloads']),
          ...(users === undefined ? [] : ['plan.users']),
          ...(weight === undefined ? [] : ['plan.weight']),
        ];
        if (updateMask.length === 0) {
          throw usage('say what to change: --name, --workloads, --users or --weight');
        }
        const customer: Customer = {
          customerId,
          displayName: name ?? '',
          plan: { runningWorkloads: workloads ?? 0, users: users ?? 0, weight: weight ?? 0 },
          createTime: undefined,
          updateTime: undefined,
        };
        const answer = await (await clientOf(invocation)).putCustomer({ customer, updateMask });
        output.table(answer.customer === undefined ? [] : [answer.customer], columns);
        await output.answer(CustomerServiceService.putCustomer, answer);
      }),
    );
  return command;
};

/** 0 in a plan means what the service is configured with. */
const planned = (value: number | undefined): string => (value ? String(value) : 'default');

const columns: readonly Column<Customer>[] = [
  ['CUSTOMER', ({ customerId }) => customerId],
  ['NAME', ({ displayName }) => displayName],
  ['WORKLOADS', ({ plan }) => planned(plan?.runningWorkloads), 'right'],
  ['USERS', ({ plan }) => planned(plan?.users), 'right'],
  ['WEIGHT', ({ plan }) => planned(plan?.weight), 'right'],
  ['SINCE', ({ createTime }) => formatInstant(createTime)],
];
