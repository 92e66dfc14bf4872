import { Command, Option } from 'commander';
import { WorkloadServiceService, WorkloadState } from '#libs/contracts/session.ts';
import { listJson } from '../descriptors.ts';
import { formatEnum } from '../formats.ts';
import type { Actions } from '../invocation.ts';
import { allPages } from '../pages.ts';
import { printWorkloads } from '../workload/describe.ts';

const prefix = 'WORKLOAD_STATE_';

const states = Object.values(WorkloadState)
  .filter((state) => state !== WorkloadState.UNSPECIFIED && state !== WorkloadState.UNRECOGNIZED)
  .map((state) => formatEnum(state, prefix).replaceAll(' ', '-'));

interface ListOptions {
  state: string[];
  customer: string;
}

export const workloadsCommand = ({ does }: Actions): Command =>
  new Command('workloads')
    .description('list workloads, the newest first; the commands below are also commands of their own')
    .addOption(new Option('--state <state...>', 'only those').choices(states).default([]))
    .option('--customer <id>', "only this customer's; for operators", '')
    .action(
      does<[], ListOptions>(async (invocation, _args, { state, customer: customerId }) => {
        const client = (await invocation.mesh()).workloads();
        const wanted = new Set(state.map((name) => `${prefix}${name.replaceAll('-', '_').toUpperCase()}`));
        const pages = await allPages((pageToken) =>
          client.listWorkloads({
            customerId,
            states: Object.values(WorkloadState).filter((known) => wanted.has(known)),
            pageSize: 1_000,
            pageToken,
          }),
        );
        const { output } = invocation;
        printWorkloads(
          output,
          pages.flatMap(({ workloads }) => workloads),
        );
        output.json(pages.flatMap((page) => listJson(WorkloadServiceService.listWorkloads, page, 'workloads')));
      }),
    );
