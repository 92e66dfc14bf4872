import { UserServiceService } from '#libs/contracts/user.ts';
import { formatBytes, formatEnum, formatInstant } from '../formats.ts';
import type { Define } from '../invocation.ts';
import { tellList } from '../list.ts';
import { textOption } from '../options.ts';
import { devicesOf } from '../workload/device.ts';

/** `CYCLES 3.4.1 5.0.1, noop 1`: each engine once, with the versions of its programs. */
const enginesOf = (engines: readonly { name: string; version: string }[]): string =>
  Object.entries(Object.groupBy(engines, ({ name }) => name))
    .map(([name, each = []]) => [name, ...each.map(({ version }) => version)].join(' '))
    .join(', ');

export const users: Define = (command, { does }) =>
  command.addOption(textOption('--workload <id>', 'only those that serve it', 'all')).action(
    does<[], { workload: string }>(async ({ client, output }, _args, { workload: workloadId }) => {
      const { listUsers } = await client(UserServiceService, 'operator');
      const ask = (page: { pageSize: number; pageToken: string }) =>
        listUsers({ workloadId, ...page });
      await tellList(output, UserServiceService.listUsers, ask, 'users', [
        ['USER', (user) => user.userId],
        ['NAME', (user) => user.name],
        ['STATE', (user) => formatEnum(user.state, 'USER_STATE_')],
        ['WORKLOAD', (user) => user.workloadId],
        ['SLOTS', (user) => user.slots, 'right'],
        ['MEMORY', (user) => formatBytes(user.capability?.memoryBytes ?? 0), 'right'],
        ['ENGINES', ({ capability }) => enginesOf(capability?.engines ?? [])],
        ['DEVICES', ({ capability }) => devicesOf(capability?.engines ?? [])],
        ['SINCE', (user) => formatInstant(user.connectTime)],
      ]);
    }),
  );
