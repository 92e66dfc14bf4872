import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { printable } from '../formats.ts';
import type { Define } from '../invocation.ts';
import { whichWorkload, type WhichOptions } from '../options.ts';
import { workloadsOf } from '../workload/client.ts';
import { stateOf } from '../workload/describe.ts';

export const why: Define = (command, { does }) =>
  whichWorkload(command).action(
    does<[string], WhichOptions>(async ({ mesh, output }, [workloadId], { customer }) => {
      const { explainWorkload } = workloadsOf(await mesh());
      const answer = await explainWorkload({ workloadId, customerId: customer });
      const reasons = answer.reasons.map(({ code, message }) => `${code}: ${printable(message)}`);
      const text = [stateOf(answer), ...reasons].join('\n');
      await output.answer(WorkloadServiceService.explainWorkload, answer, text);
    }),
  );
