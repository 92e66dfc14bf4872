import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { formatInstant } from '../formats.ts';
import type { Define } from '../invocation.ts';
import { workloadsOf } from '../workload/client.ts';

export const log: Define = (command, { does }) =>
  command
    .argument('<id>', 'the workload')
    .argument(
      '<task>',
      'the frame (17), or the whole key of the task (frames/17), which names its step',
    )
    .action(
      does<[string, string]>(async (invocation, [workloadId, task]) => {
        const { output } = invocation;
        const client = workloadsOf(await invocation.mesh());
        const answer = await client.getTaskLog({ workloadId, customerId: '', task });
        output.note(
          `${answer.task}, attempt ${answer.attempt} by ${answer.userId}, failed ${formatInstant(answer.failTime)}: ${answer.reason}`,
        );
        output.raw(answer.log.endsWith('\n') ? answer.log : `${answer.log}\n`);
        await output.answer(WorkloadServiceService.getTaskLog, answer);
      }),
    );
