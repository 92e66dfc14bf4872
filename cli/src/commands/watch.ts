import type { Define } from '../invocation.ts';
import {
  waitAtMostOption,
  type WaitOptions,
  whichWorkload,
  type WhichOptions,
} from '../options.ts';
import { workloadIn, workloadsOf } from '../workload/client.ts';
import { viewOf } from '../workload/kinds.ts';
import { notifyEnd, notifyOption, type NotifyOptions } from '../workload/notify.ts';
import { exitCodeOfEnd, runToEnd } from '../workload/run-to-end.ts';
import { printSummary } from '../workload/summary.ts';

export const watch: Define = (command, { does }) =>
  whichWorkload(command)
    .addOption(waitAtMostOption())
    .addOption(notifyOption())
    .action(
      does<[string], WhichOptions & WaitOptions & NotifyOptions>(
        async (invocation, [workloadId], options) => {
          const { customer: customerId, waitAtMost } = options;
          const { cli, output } = invocation;
          const client = workloadsOf(await invocation.mesh());
          const found = workloadIn(await client.getWorkload({ workloadId, customerId }));
          output.text(`${found.workloadId}: ${viewOf(found).summary}`);
          const workload = await runToEnd(invocation, found, { waitAtMost });
          // Since it was handed in, by the mesh's clock: watching may have begun later.
          const endMs = workload.endTime?.getTime() ?? cli.clock.now();
          const wallMs = Math.max(0, endMs - (workload.createTime?.getTime() ?? endMs));
          printSummary(output, { workload, wallSeconds: wallMs / 1_000 });
          await notifyEnd(invocation, options, workload, wallMs / 1_000);
          return exitCodeOfEnd(workload);
        },
      ),
    );
