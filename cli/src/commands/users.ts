import { Command } from 'commander';
import { UserServiceService } from '#libs/contracts/user.ts';
import { listJson } from '../descriptors.ts';
import { formatBytes, formatEnum, formatInstant } from '../formats.ts';
import type { Actions } from '../invocation.ts';
import { allPages } from '../pages.ts';

export const usersCommand = ({ does }: Actions): Command =>
  new Command('users')
    .description('list the compute users that are connected right now')
    .option('--workload <id>', 'only those that serve it', '')
    .action(
      does<[], { workload: string }>(async (invocation, _args, { workload: workloadId }) => {
        const { output } = invocation;
        const client = (await invocation.mesh()).users();
        const pages = await allPages((pageToken) => client.listUsers({ workloadId, pageSize: 1_000, pageToken }));
        output.table(
          [
            { title: 'USER' },
            { title: 'NAME' },
            { title: 'STATE' },
            { title: 'WORKLOAD' },
            { title: 'SLOTS', align: 'right' },
            { title: 'MEMORY', align: 'right' },
            { title: 'ENGINES' },
            { title: 'SINCE' },
          ],
          pages
            .flatMap(({ users }) => users)
            .map((user) => [
              user.userId,
              user.name,
              formatEnum(user.state, 'USER_STATE_'),
              user.workloadId,
              String(user.slots),
              formatBytes(user.capability?.memoryBytes ?? 0),
              (user.capability?.engines ?? []).map(({ name }) => name).join(' '),
              formatInstant(user.connectTime),
            ]),
        );
        output.json(pages.flatMap((page) => listJson(UserServiceService.listUsers, page, 'users')));
      }),
    );
