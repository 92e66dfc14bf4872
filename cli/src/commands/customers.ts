import { Command } from 'commander';
import { CustomerServiceService, type Customer } from '#libs/contracts/session.ts';
import { parseCount } from '../arguments.ts';
import { listJson, responseJson } from '../descriptors.ts';
import { usage } from '../failures.ts';
import { formatInstant } from '../formats.ts';
import type { Actions } from '../invocation.ts';
import type { Output } from '../output.ts';
import { allPages } from '../pages.ts';

interface PutOptions {
  name?: string;
  workloads?: number;
  users?: number;
  weight?: number;
}

export const customersCommand = ({ does }: Actions): Command => {
  const customers = new Command('customers').description('list customers and their plans, or change them').action(
    does<[]>(async (invocation) => {
      const client = (await invocation.mesh()).customers();
      const pages = await allPages((pageToken) => client.listCustomers({ pageSize: 1_000, pageToken }));
      printCustomers(
        invocation.output,
        pages.flatMap((page) => page.customers),
      );
      invocation.output.json(
        pages.flatMap((page) => listJson(CustomerServiceService.listCustomers, page, 'customers')),
      );
    }),
  );
  customers
    .command('show')
    .description('one customer')
    .argument('<id>', 'the customer')
    .action(
      does<[string]>(async (invocation, [customerId]) => {
        const client = (await invocation.mesh()).customers();
        const answer = await client.getCustomer({ customerId });
        printCustomers(invocation.output, answer.customer === undefined ? [] : [answer.customer]);
        invocation.output.json(responseJson(CustomerServiceService.getCustomer, answer));
      }),
    );
  customers
    .command('put')
    .description('create a customer, or change what the options name')
    .argument('<id>', 'the customer: the subject of their tokens')
    .option('--name <name>', 'for display')
    .option('--workloads <n>', 'how many workloads may run at once', parseCount('--workloads', 0, 1_000))
    .option('--users <n>', 'how many users one workload may have', parseCount('--users', 0, 100_000))
    .option('--weight <n>', 'the weight when users are scarce', parseCount('--weight', 0, 1_000))
    .action(
      does<[string], PutOptions>(async (invocation, [customerId], options) => {
        const { name, workloads, users, weight } = options;
        const mask = [
          ...(name === undefined ? [] : ['display_name']),
          ...(workloads === undefined ? [] : ['plan.running_workloads']),
          ...(users === undefined ? [] : ['plan.users']),
          ...(weight === undefined ? [] : ['plan.weight']),
        ];
        if (mask.length === 0) throw usage('say what to change: --name, --workloads, --users or --weight');
        const client = (await invocation.mesh()).customers();
        const answer = await client.putCustomer({
          customer: {
            customerId,
            displayName: name ?? '',
            plan: { runningWorkloads: workloads ?? 0, users: users ?? 0, weight: weight ?? 0 },
            createTime: undefined,
            updateTime: undefined,
          },
          updateMask: mask,
        });
        printCustomers(invocation.output, answer.customer === undefined ? [] : [answer.customer]);
        invocation.output.json(responseJson(CustomerServiceService.putCustomer, answer));
      }),
    );
  return customers;
};

/** 0 in a plan means what the service is configured with. */
const planned = (value: number | undefined): string => (value ? String(value) : 'default');

const printCustomers = (output: Output, customers: readonly Customer[]): void => {
  output.table(
    [
      { title: 'CUSTOMER' },
      { title: 'NAME' },
      { title: 'WORKLOADS', align: 'right' },
      { title: 'USERS', align: 'right' },
      { title: 'WEIGHT', align: 'right' },
      { title: 'SINCE' },
    ],
    customers.map(({ customerId, displayName, plan, createTime }) => [
      customerId,
      displayName,
      planned(plan?.runningWorkloads),
      planned(plan?.users),
      planned(plan?.weight),
      formatInstant(createTime),
    ]),
  );
};
