import { Command } from 'commander';
import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { parseCount } from '../arguments.ts';
import { responseJson } from '../descriptors.ts';
import type { Actions } from '../invocation.ts';

export const usersWantedCommand = ({ does }: Actions): Command =>
  new Command('users-wanted')
    .description('set how many users a workload wants, from now on; without N tell it')
    .argument('<id>', 'the workload')
    .argument('[n]', 'how many, 0 to 100000', parseCount('N', 0, 100_000))
    .action(
      does<[string, number | undefined]>(async (invocation, [workloadId, wanted]) => {
        const { cli, output } = invocation;
        const client = (await invocation.mesh()).workloads();
        const which = { workloadId, customerId: '' };
        const answer =
          wanted === undefined
            ? await client.getUserCount(which)
            : await client.setUserCount({ ...which, wanted, requestId: cli.random.id('r') });
        const clamped = answer.effective < answer.wanted ? ` (the plan allows ${answer.effective})` : '';
        output.text(`${workloadId} wants ${answer.wanted}${clamped} and has ${answer.assigned}`);
        output.json(
          wanted === undefined
            ? responseJson(WorkloadServiceService.getUserCount, answer)
            : responseJson(WorkloadServiceService.setUserCount, answer),
        );
      }),
    );
