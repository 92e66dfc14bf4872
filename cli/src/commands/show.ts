import {
  WorkloadServiceService,
  type AttemptRecord,
  type RefusedReports,
} from '#libs/contracts/session.ts';
import { formatEnum, formatInstant, formatSeconds } from '../formats.ts';
import type { Define } from '../invocation.ts';
import { tellList } from '../list.ts';
import { whichWorkload, type WhichOptions } from '../options.ts';
import { workloadIn, workloadsOf } from '../workload/client.ts';
import type { Column, Output } from '../output.ts';
import { viewOf } from '../workload/kinds.ts';
import { nameOf, printWorkload } from '../workload/describe.ts';
import { underWayLines } from '../workload/under-way.ts';

interface ShowOptions extends WhichOptions {
  ledger?: true;
}

export const show: Define = (command, { does }) =>
  whichWorkload(command)
    .option('--ledger', 'every attempt instead: who tried what, for how long, and how it ended')
    .action(
      does<[string], ShowOptions>(async (invocation, [id], { customer: customerId, ledger }) => {
        const { output } = invocation;
        const client = workloadsOf(await invocation.mesh());
        const answer = await client.getWorkload({ workloadId: id, customerId });
        const workload = workloadIn(answer);
        const which = { workloadId: workload.workloadId, customerId: '' };
        if (ledger !== true) {
          const few = { pageSize: 1, pageToken: '' };
          // Its answer for programs is the workload alone.
          if (!output.isJson) {
            const { nodes, running } = await client.getWorkloadProgress({ ...which, ...few });
            printWorkload(output, workload, nodes, answer.waiting);
            if (running.length > 0) {
              output.text(['', ...underWayLines(running, viewOf(workload).noun)]);
            }
          }
          await output.answer(WorkloadServiceService.getWorkload, answer);
          return;
        }
        const pages = await tellList(
          output,
          WorkloadServiceService.listAttempts,
          (page) => client.listAttempts({ ...which, ...page }),
          'attempts',
          attemptColumns,
        );
        printRefused(output, pages[0]?.refused ?? []);
      }),
    );

const attemptColumns: readonly Column<AttemptRecord>[] = [
  ['TASK', ({ task }) => task],
  ['GENERATION', ({ generation }) => generation, 'right'],
  ['ATTEMPT', ({ attempt }) => attempt],
  ['END', ({ end }) => formatEnum(end, 'ATTEMPT_END_')],
  ['USER', nameOf],
  ['WORK', ({ seconds }) => formatSeconds(seconds), 'right'],
  ['WHEN', ({ time }) => formatInstant(time)],
  ['REASON', ({ reason }) => reason],
];

const printRefused = (output: Output, refused: readonly RefusedReports[]): void => {
  if (refused.length === 0) {
    return;
  }
  output.text('');
  output.table(refused, [
    ['REFUSED REPORTS OF', nameOf],
    ['REASON', ({ reason }) => reason],
    ['COUNT', ({ count }) => count, 'right'],
  ]);
};
