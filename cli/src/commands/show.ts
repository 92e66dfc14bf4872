import { Command } from 'commander';
import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { responseJson } from '../descriptors.ts';
import type { Actions } from '../invocation.ts';
import { printWorkload } from '../workload/describe.ts';
import { whichWorkload, type WhichOptions } from './which.ts';

export const showCommand = ({ does }: Actions): Command =>
  whichWorkload(new Command('show').description('everything about a workload')).action(
    does<[string], WhichOptions>(async (invocation, [workloadId], { customer: customerId }) => {
      const client = (await invocation.mesh()).workloads();
      const answer = await client.getWorkload({ workloadId, customerId });
      if (answer.workload !== undefined) printWorkload(invocation.output, answer.workload);
      invocation.output.json(responseJson(WorkloadServiceService.getWorkload, answer));
    }),
  );
