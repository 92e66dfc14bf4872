import { CustomerServiceService, type Customer } from '#libs/contracts/session.ts';
import { usage } from '../failures.ts';
import { formatInstant } from '../formats.ts';
import type { Define } from '../invocation.ts';
import { tellList } from '../list.ts';
import { countOption } from '../options.ts';
import type { Column } from '../output.ts';

interface PutOptions {
  name?: string;
  workloads?: number;
  users?: number;
  weight?: number;
  parked?: number;
}

const service = CustomerServiceService;

export const customers: Define = (command, { does }) => {
  command.action(
    does<[]>(async ({ client, output }) => {
      const { listCustomers } = await client(service, 'operator');
      await tellList(output, service.listCustomers, listCustomers, 'customers', columns);
    }),
  );
  command
    .command('show')
    .description('one customer')
    .argument('<id>', 'the customer')
    .action(
      does<[string]>(async ({ client, output }, [customerId]) => {
        const answer = await (await client(service, 'operator')).getCustomer({ customerId });
        output.table([answer.customer], columns);
        await output.answer(service.getCustomer, answer);
      }),
    );
  command
    .command('put')
    .description('create a customer, or change what the options name')
    .argument('<id>', 'the customer: the subject of their tokens')
    .option('--name <name>', 'for display')
    .addOption(countOption('--workloads <n>', 'how many workloads may run at once', [0, 1_000]))
    .addOption(countOption('--users <n>', 'how many users one workload may have', [0, 100_000]))
    .addOption(countOption('--weight <n>', 'the weight when users are scarce', [0, 1_000]))
    .addOption(
      countOption('--parked <n>', 'how many workloads may wait for approval', [0, 100_000]),
    )
    .action(
      does<[string], PutOptions>(async ({ client, output }, [customerId], options) => {
        const { name, workloads, users, weight, parked } = options;
        const changes = Object.entries({
          display_name: name,
          'plan.running_workloads': workloads,
          'plan.users': users,
          'plan.weight': weight,
          'plan.parked_workloads': parked,
        });
        const updateMask = changes.flatMap(([path, value]) => (value === undefined ? [] : [path]));
        if (updateMask.length === 0) {
          throw usage('say what to change: --name, --workloads, --users, --weight or --parked');
        }
        const customer: Customer = {
          customerId,
          displayName: name ?? '',
          plan: {
            runningWorkloads: workloads ?? 0,
            users: users ?? 0,
            weight: weight ?? 0,
            parkedWorkloads: parked ?? 0,
          },
          createTime: undefined,
          updateTime: undefined,
        };
        const { putCustomer } = await client(service, 'operator');
        const answer = await putCustomer({ customer, updateMask });
        output.table([answer.customer], columns);
        await output.answer(service.putCustomer, answer);
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
  ['PARKED', ({ plan }) => planned(plan?.parkedWorkloads), 'right'],
  ['SINCE', ({ createTime }) => formatInstant(createTime)],
];
