import { Command } from 'commander';
import type { Actions } from '../invocation.ts';
import { specOf } from '../workload/describe.ts';
import { exitCodeOfEnd, runToEnd } from '../workload/run-to-end.ts';
import { printSummary, summaryEvent, type Summary } from '../workload/summary.ts';
import type { Workload } from '#libs/contracts/session.ts';
import { whichWorkload, type WhichOptions } from './which.ts';

export const watchCommand = ({ does }: Actions): Command =>
  whichWorkload(new Command('watch').description("show a workload's progress until it ends")).action(
    does<[string], WhichOptions>(async (invocation, [workloadId], { customer: customerId }) => {
      const { cli, output } = invocation;
      const { workload } = await (await invocation.mesh()).workloads().getWorkload({ workloadId, customerId });
      if (workload === undefined) throw new TypeError('the session supervisor answered no workload');
      output.text(`${workload.workloadId}: ${specOf(workload)}`);
      const summary = summaryAt(await runToEnd(invocation, workload), cli.clock.now());
      printSummary(output, summary);
      output.json(summaryEvent(summary));
      return exitCodeOfEnd(summary.workload);
    }),
  );

/** Whoever comes later counts from when it was handed in, by the mesh's own clock. */
const summaryAt = (workload: Workload, nowMs: number): Summary => {
  const fromMs = workload.createTime?.getTime() ?? nowMs;
  return { workload, wallSeconds: Math.max(0, (workload.endTime?.getTime() ?? nowMs) - fromMs) / 1_000 };
};
