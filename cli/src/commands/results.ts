import { Command } from 'commander';
import { WorkloadServiceService, type Workload } from '#libs/contracts/session.ts';
import { listJson } from '../descriptors.ts';
import { formatBytes, formatSeconds, plural } from '../formats.ts';
import { outage } from '../failures.ts';
import type { Actions, Invocation } from '../invocation.ts';
import { allPages } from '../pages.ts';
import { createFetcher } from '../workload/fetch.ts';
import { taskNoun } from '../workload/file-names.ts';
import { patienceMs } from '../workload/follow.ts';
import { outDirectory } from '../workload/out-directory.ts';
import { whichWorkload, type WhichOptions } from './which.ts';

interface ResultsOptions extends WhichOptions {
  out?: string;
}

export const resultsCommand = ({ does }: Actions): Command =>
  whichWorkload(new Command('results').description('list the accepted results of a workload, or fetch them'))
    .option('--out <dir>', 'fetch them into this directory')
    .action(
      does<[string], ResultsOptions>(async (invocation, [id], { customer: customerId, out }) => {
        const { output } = invocation;
        const client = (await invocation.mesh()).workloads();
        const { workload } = await client.getWorkload({ workloadId: id, customerId });
        if (workload === undefined) throw new TypeError('the session supervisor answered no workload');
        if (out !== undefined) await fetchAll(invocation, workload, out);
        const which = { workloadId: workload.workloadId, customerId: '', afterRevision: 0, pageSize: 1_000 };
        const pages = await allPages((pageToken) => client.listResults({ ...which, pageToken }));
        output.json(pages.flatMap((page) => listJson(WorkloadServiceService.listResults, page, 'results')));
        if (out !== undefined) return;
        output.table(
          [
            { title: 'TASK' },
            { title: 'USER' },
            { title: 'SIZE', align: 'right' },
            { title: 'TIME', align: 'right' },
            { title: 'SHA-256' },
            { title: 'NOTES' },
          ],
          pages
            .flatMap(({ results }) => results)
            .map(({ task, userName, userId, sizeBytes, seconds, sha256, notes }) => [
              task,
              userName || userId,
              formatBytes(sizeBytes),
              formatSeconds(seconds),
              sha256,
              notes.join('; '),
            ]),
        );
      }),
    );

const fetchAll = async (invocation: Invocation, workload: Workload, out: string): Promise<void> => {
  const { cli, output } = invocation;
  const { clock, random, interrupt: signal } = cli;
  const directory = await outDirectory(cli.cwd, out);
  const fetcher = createFetcher({
    cli,
    mesh: await invocation.mesh(),
    workload,
    directory,
    patience: { clock, random, signal, patienceMs, onOutage: (error) => output.note(outage(error)) },
    onFetched: () => {},
  });
  await fetcher.catchUp();
  output.text(`${plural(fetcher.fetched.size, taskNoun(workload))} in ${directory}`);
};
