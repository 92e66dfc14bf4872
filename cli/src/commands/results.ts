import { exitCodes } from '../exit-codes.ts';
import { WorkloadServiceService, type Result, type Workload } from '#libs/contracts/session.ts';
import { formatBytes, formatSeconds, plural } from '../formats.ts';
import type { Define, Invocation } from '../invocation.ts';
import { tellList } from '../list.ts';
import { whichWorkload, type WhichOptions } from '../options.ts';
import type { Column } from '../output.ts';
import { patienceOf } from '../patience.ts';
import { workloadIn, workloadsOf } from '../workload/client.ts';
import { nameOf } from '../workload/describe.ts';
import { createFetcher } from '../workload/fetch.ts';
import { viewOf } from '../workload/kinds.ts';
import { PATIENCE_MS } from '../workload/follow.ts';
import { outDirectory } from '../workload/out-directory.ts';

interface ResultsOptions extends WhichOptions {
  out?: string;
}

export const results: Define = (command, { does }) =>
  whichWorkload(command)
    .option('--out <dir>', 'fetch them into this directory')
    .action(
      does<[string], ResultsOptions>(async (invocation, [id], { customer: customerId, out }) => {
        const { output } = invocation;
        const client = workloadsOf(await invocation.mesh());
        const workload = workloadIn(await client.getWorkload({ workloadId: id, customerId }));
        let exitCode: number = exitCodes.done;
        if (out !== undefined) {
          const code = await fetchAll(invocation, workload, out);
          if (!output.isJson) {
            return code;
          }
          exitCode = code;
        }
        const which = { workloadId: workload.workloadId, customerId: '', afterRevision: 0 };
        await tellList(
          output,
          WorkloadServiceService.listResults,
          (page) => client.listResults({ ...which, ...page }),
          'results',
          columns,
        );
        return exitCode;
      }),
    );

const columns: readonly Column<Result>[] = [
  ['TASK', ({ task }) => task],
  ['USER', nameOf],
  ['SIZE', ({ sizeBytes }) => formatBytes(sizeBytes), 'right'],
  ['TIME', ({ seconds }) => formatSeconds(seconds), 'right'],
  ['SHA-256', ({ sha256 }) => sha256],
  ['NOTES', ({ notes }) => notes.join('; ')],
];

/** Fetches what is not there yet. A result that the mesh has lost ends nothing, and is named. */
const fetchAll = async (invocation: Invocation, workload: Workload, out: string) => {
  const { cli, output } = invocation;
  const directory = await outDirectory(cli.cwd, out);
  const mesh = await invocation.mesh();
  const patience = patienceOf(invocation, PATIENCE_MS);
  const lost: string[] = [];
  const fetcher = createFetcher({
    cli,
    mesh,
    workload,
    directory,
    patience,
    onFetched: () => {},
    onLost: ({ task }) => void lost.push(task),
  });
  await fetcher.catchUp();
  output.text(`${plural(fetcher.fetched.size, viewOf(workload).noun)} in ${directory}`);
  if (lost.length === 0) {
    return exitCodes.done;
  }
  const named = lost.slice(0, 10).join(', ') + (lost.length > 10 ? ', …' : '');
  output.note(
    `${plural(lost.length, 'result')} could not be fetched (${named}), because storage lost or damaged them; have them made again: muster scrub ${workload.workloadId}`,
  );
  return exitCodes.failed;
};
