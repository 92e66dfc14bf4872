import { WorkloadServiceService, type Workload } from '#libs/contracts/session.ts';
import { plural } from '../formats.ts';
import type { Define } from '../invocation.ts';
import {
  parseCount,
  whichTasks,
  whichWorkload,
  type TasksOptions,
  type WhichOptions,
} from '../options.ts';
import { workloadIn, workloadsOf } from '../workload/client.ts';
import { stateOf } from '../workload/describe.ts';
import { viewOf } from '../workload/kinds.ts';

const changeState =
  (method: 'pauseWorkload' | 'resumeWorkload'): Define =>
  (command, { does }) =>
    whichWorkload(command).action(
      does<[string], WhichOptions>(async ({ cli, mesh, output }, [workloadId], { customer }) => {
        const ask = { workloadId, customerId: customer, requestId: cli.random.id('r') };
        const answer = await workloadsOf(await mesh())[method](ask);
        await output.answer(WorkloadServiceService[method], answer, said(workloadIn(answer)));
      }),
    );

const said = (workload: Workload): string => `${workload.workloadId} is ${stateOf(workload)}`;

export const pause = changeState('pauseWorkload');
export const resume = changeState('resumeWorkload');

export const stop: Define = (command, { does }) =>
  command
    .argument('<id>', 'the workload')
    .option('--delete-results', 'remove its accepted results too')
    .action(
      does<[string], { deleteResults?: true }>(async (invocation, [workloadId], options) => {
        const { cli, output } = invocation;
        const { deleteResults = false } = options;
        const ask = { workloadId, customerId: '', deleteResults, requestId: cli.random.id('r') };
        const answer = await workloadsOf(await invocation.mesh()).stopAndDeleteWorkload(ask);
        const workload = workloadIn(answer);
        const done = plural(workload.completed, viewOf(workload).noun);
        await output.answer(
          WorkloadServiceService.stopAndDeleteWorkload,
          answer,
          `${workloadId} stopped; ${done} ${deleteResults ? 'removed' : 'kept'}`,
        );
      }),
    );

export const retry: Define = (command, { does }) =>
  whichTasks(whichWorkload(command), 'which, for example 3,7-9 (default: all that failed)').action(
    does<[string], WhichOptions & TasksOptions>(async (invocation, [workloadId], options) => {
      const { cli, output } = invocation;
      const { customer: customerId, tasks = '', frames = tasks } = options;
      const ask = { workloadId, customerId, frames, requestId: cli.random.id('r') };
      const answer = await workloadsOf(await invocation.mesh()).retryTasks(ask);
      const workload = workloadIn(answer);
      const left = plural(workload.remaining, viewOf(workload).noun);
      const text = `${said(workload)}, ${left} to do`;
      await output.answer(WorkloadServiceService.retryTasks, answer, text);
    }),
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
        const text = `${workloadId} wants ${answer.wanted}${clamped} and has ${answer.assigned}`;
        const method = wanted === undefined ? 'getUserCount' : 'setUserCount';
        await output.answer(WorkloadServiceService[method], answer, text);
      }),
    );
