import { Command } from 'commander';
import { PortServiceService, type Lease, type PoolStatus } from '#libs/contracts/port.ts';
import { parseCount, parseTtl } from '../arguments.ts';
import { listJson, responseJson } from '../descriptors.ts';
import { formatEnum, formatInstant } from '../formats.ts';
import { ALL, ANYWHERE, ASKED, hostOption, noteSilent, type HostOption } from '../host-option.ts';
import type { Actions } from '../invocation.ts';
import type { Output } from '../output.ts';
import { allPages } from '../pages.ts';

const PORT = parseCount('a port', 1, 65_535);
const DAY_SECONDS = 86_400;

export const portsCommand = (actions: Actions): Command => {
  const ports = new Command('ports').description('leases of ports of a host');
  for (const command of [list, watch, acquire, renew, release, pools, reconcile]) ports.addCommand(command(actions));
  return ports;
};

const list = ({ does }: Actions): Command =>
  new Command('list')
    .description('list leases, by pool and port')
    .option('--pool <name>', 'only of this pool', '')
    .option('--ended', 'also those that ended within the last day')
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption & { pool: string; ended?: true }>(async (invocation, _args, { pool, ended, host }) => {
        const client = (await invocation.mesh()).ports();
        const ask = { host, pool, includeEnded: ended === true, pageSize: 1_000 };
        const pages = await allPages((pageToken) => client.listLeases({ ...ask, pageToken }));
        noteSilent(invocation.output, pages);
        printLeases(
          invocation.output,
          pages.flatMap(({ leases }) => leases),
        );
        invocation.output.json(pages.flatMap((page) => listJson(PortServiceService.listLeases, page, 'leases')));
      }),
    );

const watch = ({ does }: Actions): Command =>
  new Command('watch')
    .description('tell of every lease that there is, then of each as it changes, until interrupted')
    .option('--pool <name>', 'only of this pool', '')
    .addOption(hostOption(ASKED))
    .action(
      does<[], HostOption & { pool: string }>(async (invocation, _args, { pool, host }) => {
        const { cli, output } = invocation;
        const client = (await invocation.mesh()).ports();
        for await (const answer of client.watchLeases({ host, pool }, { signal: cli.interrupt })) {
          const { lease } = answer;
          if (lease === undefined) continue;
          const end = lease.endTime === undefined ? '' : ` (${formatEnum(lease.endReason, 'LEASE_END_REASON_')})`;
          const state = formatEnum(lease.state, 'LEASE_STATE_');
          output.text(`${lease.port} ${lease.pool} ${state}${end} ${lease.owner} ${lease.holder} ${lease.leaseId}`);
          output.json({ event: 'lease', ...(responseJson(PortServiceService.watchLeases, answer) as object) });
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
    .option('--count <n>', 'so many at once, all or none', parseCount('a count', 1, 100))
    .option('--ttl <time>', 'for how long: 30s, 10m, 12h', parseTtl)
    .option('--wait <time>', 'wait so long until they are free', parseTtl)
    .option('--for <text>', 'what they are for')
    .addOption(hostOption(ANYWHERE))
    .action(
      does<[string], AcquireOptions>(async (invocation, [pool], options) => {
        const { cli, output } = invocation;
        const { host, port = 0, count = 0, ttl, wait, for: holder = '' } = options;
        const span = (seconds: number | undefined) => (seconds === undefined ? undefined : { seconds, nanos: 0 });
        const request = {
          host,
          pool,
          port,
          count,
          holder,
          ttl: span(ttl),
          wait: span(wait),
          requestId: cli.random.id('r'),
        };
        const deadlineMs = (Math.min(wait ?? 0, DAY_SECONDS) + 10) * 1_000;
        const answer = await (await invocation.mesh()).ports().acquireLease(request, { deadlineMs });
        printLeases(output, answer.leases);
        output.json(responseJson(PortServiceService.acquireLease, answer));
      }),
    );

const renew = ({ does }: Actions): Command =>
  new Command('renew')
    .description('let a lease end later')
    .argument('<id>', 'the lease')
    .requiredOption('--token <n>', 'its fencing token', parseCount('a fencing token', 1, Number.MAX_SAFE_INTEGER))
    .option('--ttl <time>', 'for how long from now on', parseTtl)
    .action(
      does<[string], { token: number; ttl?: number }>(async (invocation, [leaseId], { token, ttl }) => {
        const { output } = invocation;
        const span = ttl === undefined ? undefined : { seconds: ttl, nanos: 0 };
        const answer = await (await invocation.mesh()).ports().renewLease({ leaseId, fencingToken: token, ttl: span });
        printLeases(output, answer.lease === undefined ? [] : [answer.lease]);
        output.json(responseJson(PortServiceService.renewLease, answer));
      }),
    );

const release = ({ does }: Actions): Command =>
  new Command('release')
    .description('give a lease back')
    .argument('<id>', 'the lease')
    .option(
      '--token <n>',
      'only if this is its fencing token',
      parseCount('a fencing token', 1, Number.MAX_SAFE_INTEGER),
    )
    .action(
      does<[string], { token?: number }>(async (invocation, [leaseId], { token = 0 }) => {
        const { output } = invocation;
        const answer = await (await invocation.mesh()).ports().releaseLease({ leaseId, fencingToken: token });
        output.text(`${leaseId} is given back`);
        output.json(responseJson(PortServiceService.releaseLease, answer));
      }),
    );

const pools = ({ does }: Actions): Command =>
  new Command('pools')
    .description('how the pools stand')
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption>(async (invocation, _args, { host }) => {
        const { output } = invocation;
        const answer = await (await invocation.mesh()).ports().getPoolStatus({ host, pool: '' });
        printPools(output, answer.pools);
        noteSilent(output, [answer]);
        for (const { pool, healthMessage } of answer.pools) {
          if (healthMessage !== '') output.note(`${pool}: ${healthMessage}`);
        }
        output.json(listJson(PortServiceService.getPoolStatus, answer, 'pools'));
      }),
    );

const reconcile = ({ does }: Actions): Command =>
  new Command('reconcile')
    .description("compare what is on record with the host's sockets, and tell what was found")
    .option('--once', 'once, which is all that this command does: the broker does it by itself all the time')
    .addOption(hostOption(ASKED))
    .action(
      does<[], HostOption>(async (invocation, _args, { host }) => {
        const { output } = invocation;
        const answer = await (await invocation.mesh()).ports().reconcile({ host });
        const { checked, becameForeign, becameFree, expiredLeaseIds, stillQuarantined } = answer;
        const said = (ports: readonly (number | string)[]): string => (ports.length === 0 ? 'none' : ports.join(' '));
        output.text(`checked       ${checked} ports`);
        output.text(`held by others ${said(becameForeign)}`);
        output.text(`free again    ${said(becameFree)}`);
        output.text(`quarantined   ${said(stillQuarantined)}`);
        output.text(`expired       ${said(expiredLeaseIds)}`);
        output.json(responseJson(PortServiceService.reconcile, answer));
      }),
    );

const printLeases = (output: Output, leases: readonly Lease[]): void =>
  output.table(
    [
      { title: 'PORT', align: 'right' },
      { title: 'POOL' },
      { title: 'HOST' },
      { title: 'STATE' },
      { title: 'OWNER' },
      { title: 'FOR' },
      { title: 'TOKEN', align: 'right' },
      { title: 'UNTIL' },
      { title: 'LEASE' },
    ],
    leases.map((lease) => [
      String(lease.port),
      lease.pool,
      lease.host,
      formatEnum(lease.state, 'LEASE_STATE_'),
      lease.owner,
      lease.holder,
      String(lease.fencingToken),
      formatInstant(lease.endTime ?? lease.expireTime),
      lease.leaseId,
    ]),
  );

const printPools = (output: Output, all: readonly PoolStatus[]): void =>
  output.table(
    [
      { title: 'HOST' },
      { title: 'POOL' },
      { title: 'PORTS' },
      { title: 'LEASED', align: 'right' },
      { title: 'FREE', align: 'right' },
      { title: 'FOREIGN', align: 'right' },
      { title: 'QUARANTINED', align: 'right' },
      { title: 'WAITING', align: 'right' },
      { title: 'HEALTH' },
    ],
    all.map((pool) => [
      pool.host,
      pool.pool,
      `${pool.firstPort}-${pool.lastPort}`,
      `${pool.leased}/${pool.maxLeases}`,
      String(pool.free),
      String(pool.foreign),
      String(pool.quarantined),
      String(pool.waiting),
      pool.isHealthy ? 'well' : 'grants nothing',
    ]),
  );
