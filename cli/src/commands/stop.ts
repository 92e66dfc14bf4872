import { Command } from 'commander';
import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { responseJson } from '../descriptors.ts';
import type { Actions } from '../invocation.ts';
import { plural } from '../formats.ts';
import { taskNoun } from '../workload/file-names.ts';

interface StopOptions {
  deleteResults?: boolean;
}

export const stopCommand = ({ does }: Actions): Command =>
  new Command('stop')
    .description('end a workload; what was accepted stays')
    .argument('<id>', 'the workload')
    .option('--delete-results', 'remove its accepted results too')
    .action(
      does<[string], StopOptions>(async (invocation, [workloadId], { deleteResults = false }) => {
        const { cli, output } = invocation;
        const client = (await invocation.mesh()).workloads();
        const requestId = cli.random.id('r');
        const answer = await client.stopAndDeleteWorkload({ workloadId, customerId: '', deleteResults, requestId });
        const { workload } = answer;
        if (workload !== undefined) {
          const kept = deleteResults ? 'removed' : 'kept';
          output.text(`${workloadId} stopped; ${plural(workload.completed, taskNoun(workload))} ${kept}`);
        }
        output.json(responseJson(WorkloadServiceService.stopAndDeleteWorkload, answer));
      }),
    );
