import { UserServiceService } from '#libs/contracts/user.ts';
import { formatBytes, formatEnum, formatInstant } from '../formats.ts';
import type { Define } from '../invocation.ts';
import { allPages, tellList } from '../list.ts';

export const users: Define = (command, { does }) =>
  command.option('--workload <id>', 'only those that serve it', '').action(
    does<[], { workload: string }>(async (invocation, _args, { workload: workloadId }) => {
      const client = (await invocation.mesh()).client(UserServiceService, 'user', 'operator');
      const pages = await allPages((pageToken) =>
        client.listUsers({ workloadId, pageSize: 1_000, pageToken }),
      );
      await tellList(invocation.output, UserServiceService.listUsers, pages, 'users', [
        ['USER', (user) => user.userId],
        ['NAME', (user) => user.name],
        ['STATE', (user) => formatEnum(user.state, 'USER_STATE_')],
        ['WORKLOAD', (user) => user.workloadId],
        ['SLOTS', (user) => user.slots, 'right'],
        ['MEMORY', (user) => formatBytes(user.capability?.memoryBytes ?? 0), 'right'],
        ['ENGINES', (user) => (user.capability?.engines ?? []).map(({ name }) => name).join(' ')],
        ['SINCE', (user) => formatInstant(user.connectTime)],
      ]);
    }),
  );
