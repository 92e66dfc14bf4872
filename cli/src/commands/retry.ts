import { Command } from 'commander';
import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { responseJson } from '../descriptors.ts';
import type { Actions } from '../invocation.ts';
import { plural } from '../formats.ts';
import { stateOf } from '../workload/describe.ts';
import { taskNoun } from '../workload/file-names.ts';
import { whichWorkload, type WhichOptions } from './which.ts';

interface RetryOptions extends WhichOptions {
  frames: string;
}

export const retryCommand = ({ does }: Actions): Command =>
  whichWorkload(new Command('retry').description('do frames again, also of a workload that has ended'))
    .option('--frames <expression>', 'which, for example 3,7-9 (default: all that failed)', '')
    .action(
      does<[string], RetryOptions>(async (invocation, [workloadId], { customer: customerId, frames }) => {
        const { cli, output } = invocation;
        const client = (await invocation.mesh()).workloads();
        const answer = await client.retryTasks({ workloadId, customerId, frames, requestId: cli.random.id('r') });
        const { workload } = answer;
        if (workload !== undefined) {
          const left = plural(workload.remaining, taskNoun(workload));
          output.text(`${workload.workloadId} is ${stateOf(workload)}, ${left} to do`);
        }
        output.json(responseJson(WorkloadServiceService.retryTasks, answer));
      }),
    );
