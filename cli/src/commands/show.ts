import { Command } from 'commander';
import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { listJson, responseJson } from '../descriptors.ts';
import type { Actions } from '../invocation.ts';
import { allPages } from '../pages.ts';
import { printWorkload } from '../workload/describe.ts';
import { printLedger } from '../workload/ledger.ts';
import { whichWorkload, type WhichOptions } from './which.ts';

interface ShowOptions extends WhichOptions {
  ledger?: boolean;
}

export const showCommand = ({ does }: Actions): Command =>
  whichWorkload(new Command('show').description('everything about a workload'))
    .option('--ledger', 'every attempt instead: who tried what, for how long, and what came of it')
    .action(
      does<[string], ShowOptions>(async (invocation, [workloadId], { customer: customerId, ledger = false }) => {
        const { output } = invocation;
        const client = (await invocation.mesh()).workloads();
        const answer = await client.getWorkload({ workloadId, customerId });
        if (!ledger) {
          if (answer.workload !== undefined) printWorkload(output, answer.workload);
          output.json(responseJson(WorkloadServiceService.getWorkload, answer));
          return;
        }
        const which = { workloadId: answer.workload?.workloadId ?? workloadId, customerId: '', pageSize: 1_000 };
        const pages = await allPages((pageToken) => client.listAttempts({ ...which, pageToken }));
        printLedger(
          output,
          pages.flatMap(({ attempts }) => attempts),
          pages[0]?.refused ?? [],
        );
        output.json(pages.flatMap((page) => listJson(WorkloadServiceService.listAttempts, page, 'attempts')));
      }),
    );
