import { Command } from 'commander';
import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { responseJson } from '../descriptors.ts';
import { formatInstant } from '../formats.ts';
import type { Actions } from '../invocation.ts';

export const logCommand = ({ does }: Actions): Command =>
  new Command('log')
    .description("the log of a frame's latest failed attempt")
    .argument('<id>', 'the workload')
    .argument('<frame>', 'the frame (17), or the whole key of the task (frames/17)')
    .action(
      does<[string, string]>(async (invocation, [workloadId, task]) => {
        const { output } = invocation;
        const client = (await invocation.mesh()).workloads();
        const answer = await client.getTaskLog({ workloadId, customerId: '', task });
        output.note(
          `${answer.task}, attempt ${answer.attempt} by ${answer.userId}, failed ${formatInstant(answer.failTime)}: ${answer.reason}`,
        );
        output.raw(answer.log.endsWith('\n') ? answer.log : `${answer.log}\n`);
        output.json(responseJson(WorkloadServiceService.getTaskLog, answer));
      }),
    );
