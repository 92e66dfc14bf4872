import { Command } from 'commander';
import { PortServiceService, type Lease, type PoolStatus } from '#libs/contracts/port.ts';
import { formatEnum, formatInstant } from '../formats.ts';
import type { Actions, Define } from '../invocation.ts';
import { tellList } from '../list.ts';
import {
  ALL,
  ANYWHERE,
  ASKED,
  hostOption,
  parseCount,
  parseTtl,
  textOption,
  toDuration,
  type HostOption,
} from '../options.ts';
import type { Column } from '../output.ts';

const FENCING_TOKEN = parseCount('a fencing token', 1, Number.MAX_SAFE_INTEGER);
const DAY_SECONDS = 86_400;

const service = PortServiceService;

export const ports: Define = (command, actions) => {
  for (const nested of [list, watch, acquire, renew, release, pools, reconcile]) {
    command.addCommand(nested(actions));
  }
  return command;
};

const list = ({ does }: Actions): Command =>
  new Command('list')
    .description('list leases, by pool and port')
    .addOption(textOption('--pool <name>', 'only of this pool', 'all'))
    .option('--ended', 'also those that ended within the last day')
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption & { pool: string; ended?: true }>(
        async ({ client, output }, _args, { pool, ended = false, host }) => {
          const { listLeases } = await client(service, 'operator');
          const ask = { host, pool, includeEnded: ended };
          await tellList(
            output,
            service.listLeases,
            (page) => listLeases({ ...ask, ...page }),
            'leases',
            leaseColumns,
          );
        },
      ),
    );

const watch = ({ does }: Actions): Command =>
  new Command('watch')
    .description('show every lease, then each one that changes, until interrupted')
    .addOption(textOption('--pool <name>', 'only of this pool', 'all'))
    .addOption(hostOption(ASKED))
    .action(
      does<[], HostOption & { pool: string }>(async (invocation, _args, { pool, host }) => {
        const { cli, client, output } = invocation;
        const { watchLeases } = await client(service, 'operator');
        for await (const answer of watchLeases({ host, pool }, { signal: cli.interrupt })) {
          if (answer.lease !== undefined) {
            await output.answer(service.watchLeases, answer, lineOf(answer.lease), 'lease');
          }
        }
      }),
    );

const lineOf = ({
  port,
  pool,
  state,
  endTime,
  endReason,
  owner,
  holder,
  leaseId,
}: Lease): string => {
  const end = endTime === undefined ? '' : ` (${formatEnum(endReason, 'LEASE_END_REASON_')})`;
  return `${port} ${pool} ${formatEnum(state, 'LEASE_STATE_')}${end} ${owner} ${holder} ${leaseId}`;
};

interface AcquireOptions extends HostOption {
  port?: number;
  count?: number;
  ttl?: number;
  wait?: number;
  for?: string;
}

const acquire = ({ does }: Actions): Command =>
  new Command('acquire')
    .description('lease free ports of a pool')
    .argument('<pool>', 'the pool')
    .option('--port <port>', 'just this one', parseCount('a port', 1, 65_535))
    .option('--count <n>', 'how many at once, all or none', parseCount('a count', 1, 100))
    .option('--ttl <time>', 'for how long: 30s, 10m, 12h', parseTtl)
    .option('--wait <time>', 'how long to wait until they are free', parseTtl)
    .option('--for <text>', 'what they are for')
    .addOption(hostOption(ANYWHERE))
    .action(
      does<[string], AcquireOptions>(async ({ cli, client, output }, [pool], options) => {
        const { host, port = 0, count = 0, ttl, wait, for: holder = '' } = options;
        const spans = { ttl: toDuration(ttl), wait: toDuration(wait) };
        const deadlineMs = (Math.min(wait ?? 0, DAY_SECONDS) + 10) * 1_000;
        const { acquireLease } = await client(service, 'operator');
        const answer = await acquireLease(
          { host, pool, port, count, holder, ...spans, requestId: cli.random.id('r') },
          { deadlineMs },
        );
        output.table(answer.leases, leaseColumns);
        await output.answer(service.acquireLease, answer);
      }),
    );

const renew = ({ does }: Actions): Command =>
  new Command('renew')
    .description('let a lease end later')
    .argument('<id>', 'the lease')
    .requiredOption('--token <n>', 'its fencing token', FENCING_TOKEN)
    .option('--ttl <time>', 'for how long from now on', parseTtl)
    .action(
      does<[string], { token: number; ttl?: number }>(
        async ({ client, output }, [leaseId], { token: fencingToken, ttl }) => {
          const { renewLease } = await client(service, 'operator');
          const answer = await renewLease({ leaseId, fencingToken, ttl: toDuration(ttl) });
          output.table([answer.lease], leaseColumns);
          await output.answer(service.renewLease, answer);
        },
      ),
    );

const release = ({ does }: Actions): Command =>
  new Command('release')
    .description('give a lease back')
    .argument('<id>', 'the lease')
    .option('--token <n>', 'its fencing token; with another one the lease stays', FENCING_TOKEN)
    .action(
      does<[string], { token?: number }>(async ({ client, output }, [leaseId], { token = 0 }) => {
        const { releaseLease } = await client(service, 'operator');
        const answer = await releaseLease({ leaseId, fencingToken: token });
        await output.answer(service.releaseLease, answer, `${leaseId} is given back`);
      }),
    );

const pools = ({ does }: Actions): Command =>
  new Command('pools')
    .description('show the state of the pools')
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption>(async ({ client, output }, _args, { host }) => {
        const { getPoolStatus } = await client(service, 'operator');
        const ask = () => getPoolStatus({ host, pool: '' });
        const answers = await tellList(output, service.getPoolStatus, ask, 'pools', poolColumns);
        for (const { pool, healthMessage } of answers.flatMap((answer) => answer.pools)) {
          if (healthMessage !== '') {
            output.note(`${pool}: ${healthMessage}`);
          }
        }
      }),
    );

const reconcile = ({ does }: Actions): Command =>
  new Command('reconcile')
    .description("compare the leases on record with the host's sockets, and show what was found")
    .option(
      '--once',
      'has no effect: this command compares once, and the broker does it all the time',
    )
    .addOption(hostOption(ASKED))
    .action(
      does<[], HostOption>(async ({ client, output }, _args, { host }) => {
        const answer = await (await client(service, 'operator')).reconcile({ host });
        const said = (all: readonly (number | string)[]): string => all.join(' ') || 'none';
        const lines = [
          `checked       ${answer.checked} ports`,
          `held by others ${said(answer.becameForeign)}`,
          `free again    ${said(answer.becameFree)}`,
          `quarantined   ${said(answer.stillQuarantined)}`,
          `expired       ${said(answer.expiredLeaseIds)}`,
        ];
        await output.answer(service.reconcile, answer, lines);
      }),
    );

const leaseColumns: readonly Column<Lease>[] = [
  ['PORT', ({ port }) => port, 'right'],
  ['POOL', ({ pool }) => pool],
  ['HOST', ({ host }) => host],
  ['STATE', ({ state }) => formatEnum(state, 'LEASE_STATE_')],
  ['OWNER', ({ owner }) => owner],
  ['FOR', ({ holder }) => holder],
  ['TOKEN', ({ fencingToken }) => fencingToken, 'right'],
  ['UNTIL', ({ endTime, expireTime }) => formatInstant(endTime ?? expireTime)],
  ['LEASE', ({ leaseId }) => leaseId],
];

const poolColumns: readonly Column<PoolStatus>[] = [
  ['HOST', ({ host }) => host],
  ['POOL', ({ pool }) => pool],
  ['PORTS', ({ firstPort, lastPort }) => `${firstPort}-${lastPort}`],
  ['LEASED', ({ leased, maxLeases }) => `${leased}/${maxLeases}`, 'right'],
  ['MINE', ({ ownLeases }) => ownLeases, 'right'],
  ['EACH', ({ maxPerCustomer }) => maxPerCustomer, 'right'],
  ['FREE', ({ free }) => free, 'right'],
  ['FOREIGN', ({ foreign }) => foreign, 'right'],
  ['QUARANTINED', ({ quarantined }) => quarantined, 'right'],
  ['WAITING', ({ waiting }) => waiting, 'right'],
  ['HEALTH', ({ isHealthy }) => (isHealthy ? 'well' : 'grants nothing')],
];
