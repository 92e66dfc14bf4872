import { WorkloadServiceService } from '#libs/contracts/session.ts';
import type { Define } from '../invocation.ts';
import { allPages, tellList } from '../list.ts';
import { whichWorkload, type WhichOptions } from '../options.ts';
import { workloadIn, workloadsOf } from '../workload/client.ts';
import { printWorkload } from '../workload/describe.ts';
import { attemptColumns, printRefused } from '../workload/ledger.ts';

interface ShowOptions extends WhichOptions {
  ledger?: boolean;
}

export const show: Define = (command, { does }) =>
  whichWorkload(command)
    .option('--ledger', 'every attempt instead: who tried what, for how long, and what came of it')
    .action(
      does<[string], ShowOptions>(async (invocation, [id], { customer: customerId, ledger = false }) => {
        const { output } = invocation;
        const client = workloadsOf(await invocation.mesh());
        const answer = await client.getWorkload({ workloadId: id, customerId });
        const workload = workloadIn(answer);
        if (!ledger) {
          printWorkload(output, workload);
          await output.answer(WorkloadServiceService.getWorkload, answer);
          return;
        }
        const which = { workloadId: workload.workloadId, customerId: '', pageSize: 1_000 };
        const pages = await allPages((pageToken) => client.listAttempts({ ...which, pageToken }));
        await tellList(output, WorkloadServiceService.listAttempts, pages, 'attempts', attemptColumns);
        printRefused(output, pages[0]?.refused ?? []);
      }),
    );
