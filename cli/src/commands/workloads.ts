import { Option } from 'commander';
import { WorkloadServiceService, WorkloadState, type Workload } from '#libs/contracts/session.ts';
import { formatEnum, formatInstant } from '../formats.ts';
import type { Define } from '../invocation.ts';
import { tellList } from '../list.ts';
import { textOption } from '../options.ts';
import type { Column } from '../output.ts';
import { workloadsOf } from '../workload/client.ts';
import { stateOf } from '../workload/describe.ts';
import { viewOf } from '../workload/kinds.ts';

/** `awaiting-approval` → WORKLOAD_STATE_AWAITING_APPROVAL. */
const states: ReadonlyMap<string, WorkloadState> = new Map(
  Object.values(WorkloadState)
    .filter((state) => state !== WorkloadState.UNSPECIFIED && state !== WorkloadState.UNRECOGNIZED)
    .map((state) => [formatEnum(state, 'WORKLOAD_STATE_').replaceAll(' ', '-'), state]),
);

interface ListOptions {
  state: string[];
  customer: string;
}

export const workloads: Define = (command, { does }) =>
  command
    .addOption(
      new Option('--state <state...>', 'only those').choices([...states.keys()]).default([], 'all'),
    )
    .addOption(textOption('--customer <id>', "only this customer's; for operators", 'all'))
    .action(
      does<[], ListOptions>(async ({ mesh, output }, _args, { state, customer: customerId }) => {
        const { listWorkloads } = workloadsOf(await mesh());
        const only = { customerId, states: state.flatMap((name) => states.get(name) ?? []) };
        await tellList(
          output,
          WorkloadServiceService.listWorkloads,
          (page) => listWorkloads({ ...only, ...page }),
          'workloads',
          columns,
        );
      }),
    );

const columns: readonly Column<Workload>[] = [
  ['WORKLOAD', ({ workloadId }) => workloadId],
  ['CUSTOMER', ({ customerId }) => customerId],
  ['STATE', (workload) => `${stateOf(workload)}${workload.queued ? ', queued' : ''}`],
  ['DONE', ({ completed, total }) => `${completed}/${total}`, 'right'],
  ['FAILED', ({ failed }) => failed, 'right'],
  ['STARTED', ({ startTime }) => formatInstant(startTime)],
  ['WHAT', (workload) => viewOf(workload).summary],
];
