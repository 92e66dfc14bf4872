import type { Workload } from '#libs/contracts/session.ts';
import type { Define } from '../invocation.ts';
import { whichWorkload, type WhichOptions } from '../options.ts';
import { workloadIn, workloadsOf } from '../workload/client.ts';
import { specOf } from '../workload/describe.ts';
import { exitCodeOfEnd, runToEnd } from '../workload/run-to-end.ts';
import { printSummary, summaryEvent, type Summary } from '../workload/summary.ts';

export const watch: Define = (command, { does }) =>
  whichWorkload(command).action(
    does<[string], WhichOptions>(async (invocation, [workloadId], { customer: customerId }) => {
      const { cli, output } = invocation;
      const client = workloadsOf(await invocation.mesh());
      const workload = workloadIn(await client.getWorkload({ workloadId, customerId }));
      output.text(`${workload.workloadId}: ${specOf(workload)}`);
      const summary = summaryAt(await runToEnd(invocation, workload), cli.clock.now());
      printSummary(output, summary);
      output.json(summaryEvent(summary));
      return exitCodeOfEnd(summary.workload);
    }),
  );

/** Counts from when the workload was handed in, by the mesh's clock, because watching may begin later. */
const summaryAt = (workload: Workload, nowMs: number): Summary => {
  const fromMs = workload.createTime?.getTime() ?? nowMs;
  return {
    workload,
    wallSeconds: Math.max(0, (workload.endTime?.getTime() ?? nowMs) - fromMs) / 1_000,
  };
};
