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
      does<[string, string]>(async ({ mesh, output }, [workloadId, task]) => {
        const { getTaskLog } = workloadsOf(await mesh());
        const answer = await getTaskLog({ workloadId, customerId: '', task });
        output.note(
          `${answer.task}, attempt ${answer.attempt} by ${answer.userId}, failed ${formatInstant(answer.failTime)}: ${answer.reason}`,
        );
        const text = answer.log.replace(/\n$/, '');
        await output.answer(WorkloadServiceService.getTaskLog, answer, text);
      }),
    );
