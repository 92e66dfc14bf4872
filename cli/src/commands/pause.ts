import { Command } from 'commander';
import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { responseJson } from '../descriptors.ts';
import type { Actions } from '../invocation.ts';
import { stateOf } from '../workload/describe.ts';
import { whichWorkload, type WhichOptions } from './which.ts';

export const pauseCommand = ({ does }: Actions): Command =>
  whichWorkload(new Command('pause').description('hand out nothing new; what runs is finished and counts')).action(
    does<[string], WhichOptions>(async (invocation, [workloadId], { customer: customerId }) => {
      const { cli, output } = invocation;
      const client = (await invocation.mesh()).workloads();
      const answer = await client.pauseWorkload({ workloadId, customerId, requestId: cli.random.id('r') });
      if (answer.workload !== undefined) output.text(`${answer.workload.workloadId} is ${stateOf(answer.workload)}`);
      output.json(responseJson(WorkloadServiceService.pauseWorkload, answer));
    }),
  );
