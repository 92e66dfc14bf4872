import { Option } from 'commander';
import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { plural } from '../formats.ts';
import type { Define } from '../invocation.ts';
import { parseCount, whichWorkload, type WhichOptions } from '../options.ts';
import { workloadsOf } from '../workload/client.ts';
import { stateOf } from '../workload/describe.ts';
import { taskNoun } from '../workload/file-names.ts';

const changeState =
  (method: 'pauseWorkload' | 'resumeWorkload'): Define =>
  (command, { does }) =>
    whichWorkload(command).action(
      does<[string], WhichOptions>(async (invocation, [workloadId], { customer: customerId }) => {
        const { cli, output } = invocation;
        const client = workloadsOf(await invocation.mesh());
        const answer = await client[method]({
          workloadId,
          customerId,
          requestId: cli.random.id('r'),
        });
        if (answer.workload !== undefined) {
          output.text(`${answer.workload.workloadId} is ${stateOf(answer.workload)}`);
        }
        await output.answer(WorkloadServiceService[method], answer);
      }),
    );

export const pause = changeState('pauseWorkload');
export const resume = changeState('resumeWorkload');

export const stop: Define = (command, { does }) =>
  command
    .argument('<id>', 'the workload')
    .option('--delete-results', 'remove its accepted results too')
    .action(
      does<[string], { deleteResults?: boolean }>(
        async (invocation, [workloadId], { deleteResults = false }) => {
          const { cli, output } = invocation;
          const client = workloadsOf(await invocation.mesh());
          const requestId = cli.random.id('r');
          const answer = await client.stopAndDeleteWorkload({
            workloadId,
            customerId: '',
            deleteResults,
            requestId,
          });
          const { workload } = answer;
          if (workload !== undefined) {
            const kept = deleteResults ? 'removed' : 'kept';
            output.text(
              `${workloadId} stopped; ${plural(workload.completed, taskNoun(workload))} ${kept}`,
            );
          }
          await output.answer(WorkloadServiceService.stopAndDeleteWorkload, answer);
        },
      ),
    );

interface RetryOptions extends WhichOptions {
  frames?: string;
  tasks?: string;
}

export const retry: Define = (command, { does }) =>
  whichWorkload(command)
    .option('--frames <expression>', 'which, for example 3,7-9 (default: all that failed)')
    .addOption(
      new Option(
        '--tasks <expression>',
        'another name of --frames; with several steps mesh/0-2,solve/1',
      ).conflicts('frames'),
    )
    .action(
      does<[string], RetryOptions>(
        async (invocation, [workloadId], { customer: customerId, tasks = '', frames = tasks }) => {
          const { cli, output } = invocation;
          const client = workloadsOf(await invocation.mesh());
          const answer = await client.retryTasks({
            workloadId,
            customerId,
            frames,
            requestId: cli.random.id('r'),
          });
          const { workload } = answer;
          if (workload !== undefined) {
            const left = plural(workload.remaining, taskNoun(workload));
            output.text(`${workload.workloadId} is ${stateOf(workload)}, ${left} to do`);
          }
          await output.answer(WorkloadServiceService.retryTasks, answer);
        },
      ),
    );

export const usersWanted: Define = (command, { does }) =>
  command
    .argument('<id>', 'the workload')
    .argument('[n]', 'how many, 0 to 100000', parseCount('N', 0, 100_000))
    .action(
      does<[string, number | undefined]>(async (invocation, [workloadId, wanted]) => {
        const { cli, output } = invocation;
        const client = workloadsOf(await invocation.mesh());
        const which = { workloadId, customerId: '' };
        const answer =
          wanted === undefined
            ? await client.getUserCount(which)
            : await client.setUserCount({ ...which, wanted, requestId: cli.random.id('r') });
        const clamped =
          answer.effective < answer.wanted ? ` (the plan allows ${answer.effective})` : '';
        output.text(`${workloadId} wants ${answer.wanted}${clamped} and has ${answer.assigned}`);
        await (wanted === undefined
          ? output.answer(WorkloadServiceService.getUserCount, answer)
          : output.answer(WorkloadServiceService.setUserCount, answer));
      }),
    );
