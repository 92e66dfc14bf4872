import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { printable } from '../formats.ts';
import type { Define } from '../invocation.ts';
import { whichWorkload, type WhichOptions } from '../options.ts';
import { workloadsOf } from '../workload/client.ts';
import { stateOf } from '../workload/describe.ts';

export const why: Define = (command, { does }) =>
  whichWorkload(command).action(
    does<[string], WhichOptions>(async (invocation, [workloadId], { customer: customerId }) => {
      const { output } = invocation;
      const answer = await workloadsOf(await invocation.mesh()).explainWorkload({
        workloadId,
        customerId,
      });
      output.text(stateOf(answer));
      for (const { code, message } of answer.reasons) {
        output.text(`${code}: ${printable(message)}`);
      }
      await output.answer(WorkloadServiceService.explainWorkload, answer);
    }),
  );
