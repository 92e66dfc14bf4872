import { Command } from 'commander';
import { PortServiceService, type Lease, type PoolStatus } from '#libs/contracts/port.ts';
import { formatEnum, formatInstant } from '../formats.ts';
import type { Actions, Define, Invocation } from '../invocation.ts';
import { allPages, tellList } from '../list.ts';
import {
  ALL,
  ANYWHERE,
  ASKED,
  hostOption,
  parseCount,
  parseTtl,
  toDuration,
  type HostOption,
} from '../options.ts';
import type { Column } from '../output.ts';

const PORT = parseCount('a port', 1, 65_535);
const FENCING_TOKEN = parseCount('a fencing token', 1, Number.MAX_SAFE_INTEGER);
const DAY_SECONDS = 86_400;

export const ports: Define = (command, actions) => {
  for (const nested of [list, watch, acquire, renew, release, pools, reconcile]) {
    command.addCommand(nested(actions));
  }
  return command;
};

const clientOf = async (invocation: Invocation) =>
  (await invocation.mesh()).client(PortServiceService, 'port', 'operator');

const list = ({ does }: Actions): Command =>
  new Command('list')
    .description('list leases, by pool and port')
    .option('--pool <name>', 'only of this pool', '')
    .option('--ended', 'also those that ended within the last day')
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption & { pool: string; ended?: true }>(
        async (invocation, _args, { pool, ended, host }) => {
          const client = await clientOf(invocation);
          const ask = { host, pool, includeEnded: ended === true, pageSize: 1_000 };
          const pages = await allPages((pageToken) => client.listLeases({ ...ask, pageToken }));
          await tellList(
            invocation.output,
            PortServiceService.listLeases,
            pages,
            'leases',
            leaseColumns,
          );
        },
      ),
    );

const watch = ({ does }: Actions): Command =>
  new Command('watch')
    .description('show every lease, then each one that changes, until interrupted')
    .option('--pool <name>', 'only of this pool', '')
    .addOption(hostOption(ASKED))
    .action(
      does<[], HostOption & { pool: string }>(async (invocation, _args, { pool, host }) => {
        const { cli, output } = invocation;
        const client = await clientOf(invocation);
        for await (const answer of client.watchLeases({ host, pool }, { signal: cli.interrupt })) {
          const { lease } = answer;
          if (lease === undefined) {
            continue;
          }
          const end =
            lease.endTime === undefined
              ? ''
              : ` (${formatEnum(lease.endReason, 'LEASE_END_REASON_')})`;
          const state = formatEnum(lease.state, 'LEASE_STATE_');
          output.text(
            `${lease.port} ${lease.pool} ${state}${end} ${lease.owner} ${lease.holder} ${lease.leaseId}`,
          );
          await output.answer(PortServiceService.watchLeases, answer, 'lease');
        }
      }),
    );

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
    .option('--port <port>', 'just this one', PORT)
    .option('--count <n>', 'how many at once, all or none', parseCount('a count', 1, 100))
    .option('--ttl <time>', 'for how long: 30s, 10m, 12h', parseTtl)
    .option('--wait <time>', 'how long to wait until they are free', parseTtl)
    .option('--for <text>', 'what they are for')
    .addOption(hostOption(ANYWHERE))
    .action(
      does<[string], AcquireOptions>(async (invocation, [pool], options) => {
        const { cli, output } = invocation;
        const { host, port = 0, count = 0, ttl, wait, for: holder = '' } = options;
        const request = {
          host,
          pool,
          port,
          count,
          holder,
          ttl: toDuration(ttl),
          wait: toDuration(wait),
          requestId: cli.random.id('r'),
        };
        const deadlineMs = (Math.min(wait ?? 0, DAY_SECONDS) + 10) * 1_000;
        const answer = await (await clientOf(invocation)).acquireLease(request, { deadlineMs });
        output.table(answer.leases, leaseColumns);
        await output.answer(PortServiceService.acquireLease, answer);
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
        async (invocation, [leaseId], { token: fencingToken, ttl }) => {
          const { output } = invocation;
          const answer = await (
            await clientOf(invocation)
          ).renewLease({ leaseId, fencingToken, ttl: toDuration(ttl) });
          output.table(answer.lease === undefined ? [] : [answer.lease], leaseColumns);
          await output.answer(PortServiceService.renewLease, answer);
        },
      ),
    );

const release = ({ does }: Actions): Command =>
  new Command('release')
    .description('give a lease back')
    .argument('<id>', 'the lease')
    .option('--token <n>', 'its fencing token; with another one the lease stays', FENCING_TOKEN)
    .action(
      does<[string], { token?: number }>(
        async (invocation, [leaseId], { token: fencingToken = 0 }) => {
          const { output } = invocation;
          const answer = await (await clientOf(invocation)).releaseLease({ leaseId, fencingToken });
          output.text(`${leaseId} is given back`);
          await output.answer(PortServiceService.releaseLease, answer);
        },
      ),
    );

const pools = ({ does }: Actions): Command =>
  new Command('pools')
    .description('show the state of the pools')
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption>(async (invocation, _args, { host }) => {
        const { output } = invocation;
        const answer = await (await clientOf(invocation)).getPoolStatus({ host, pool: '' });
        await tellList(output, PortServiceService.getPoolStatus, [answer], 'pools', poolColumns);
        for (const { pool, healthMessage } of answer.pools) {
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
      does<[], HostOption>(async (invocation, _args, { host }) => {
        const { output } = invocation;
        const answer = await (await clientOf(invocation)).reconcile({ host });
        const { checked, becameForeign, becameFree, expiredLeaseIds, stillQuarantined } = answer;
        const said = (all: readonly (number | string)[]): string =>
          all.length === 0 ? 'none' : all.join(' ');
        output.text(`checked       ${checked} ports`);
        output.text(`held by others ${said(becameForeign)}`);
        output.text(`free again    ${said(becameFree)}`);
        output.text(`quarantined   ${said(stillQuarantined)}`);
        output.text(`expired       ${said(expiredLeaseIds)}`);
        await output.answer(PortServiceService.reconcile, answer);
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
  ['FREE', ({ free }) => free, 'right'],
  ['FOREIGN', ({ foreign }) => foreign, 'right'],
  ['QUARANTINED', ({ quarantined }) => quarantined, 'right'],
  ['WAITING', ({ waiting }) => waiting, 'right'],
  ['HEALTH', ({ isHealthy }) => (isHealthy ? 'well' : 'grants nothing')],
];
