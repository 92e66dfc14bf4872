import { Command } from 'commander';
import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { responseJson } from '../descriptors.ts';
import { printable } from '../formats.ts';
import type { Actions } from '../invocation.ts';
import { stateOf } from '../workload/describe.ts';
import { whichWorkload, type WhichOptions } from './which.ts';

export const whyCommand = ({ does }: Actions): Command =>
  whichWorkload(new Command('why').description('say why a workload waits')).action(
    does<[string], WhichOptions>(async (invocation, [workloadId], { customer: customerId }) => {
      const client = (await invocation.mesh()).workloads();
      const answer = await client.explainWorkload({ workloadId, customerId });
      invocation.output.text(stateOf(answer));
      for (const { code, message } of answer.reasons) invocation.output.text(`${code}: ${printable(message)}`);
      invocation.output.json(responseJson(WorkloadServiceService.explainWorkload, answer));
    }),
  );
