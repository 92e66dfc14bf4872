/**
 * Measures how fast ten claimants lease all 900 ports of a pool through the real rpc. Each lease is durable before the answer. The
 * same run measures the known recipe in Python (`leases-recipe.py`), which makes nothing durable.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PortServiceService } from '#libs/contracts/port.ts';
import { createClient, type Client } from '#libs/grpc/index.ts';
import { createKeys, startService } from '#libs/testing/index.ts';
import { openLeaseTable } from '../services/port-broker/src/domain/lease-table.ts';
import { parsePools } from '../services/port-broker/src/pool-expression.ts';
import { openDatabase } from '../services/port-broker/src/store/database.ts';
import { createLeaseStore } from '../services/port-broker/src/store/lease-store.ts';
import { line, machine, percentile, spreadOf } from './report.ts';

const ROUNDS = Number(process.argv[2] ?? 7);
const CLAIMANTS = 10;
const FIRST = 21_000;
const LAST = FIRST + 899;
const POOLS = `bench=${FIRST}-${LAST}:default=1h`;

/** When a claim ended and how long it took, in milliseconds. */
interface Claim {
  ended: number;
  took: number;
}

/** The result of one run from an empty to a full pool. */
interface Filled {
  perSecond: number;
  first: { p50: number; p99: number };
  last: { p50: number; p99: number };
}

const tenth = (claims: readonly Claim[]): { p50: number; p99: number } => {
  const took = claims.map((claim) => claim.took);
  return { p50: percentile(took, 0.5), p99: percentile(took, 0.99) };
};

const filledBy = (claims: readonly Claim[]): Filled => {
  const inOrder = claims.toSorted((a, b) => a.ended - b.ended);
  const began = Math.min(...claims.map(({ ended, took }) => ended - took));
  const seconds = (inOrder.at(-1)!.ended - began) / 1_000;
  const size = Math.floor(claims.length / 10);
  return {
    perSecond: claims.length / seconds,
    first: tenth(inOrder.slice(0, size)),
    last: tenth(inOrder.slice(-size)),
  };
};

const dir = await mkdtemp(join(tmpdir(), 'muster-bench-'));
const keys = await createKeys(dir);
const token = await keys.token('operator', 'bench');

type Ports = Client<typeof PortServiceService>;

const ASK = {
  pool: 'bench',
  ttl: undefined,
  requestId: '',
  port: 0,
  count: 0,
  holder: '',
  wait: undefined,
  host: '',
};

/** Lets the claimants lease until no port is left. Returns the measurements and the ids of the leases. */
const fill = async (clients: readonly Ports[]): Promise<{ filled: Filled; leaseIds: string[] }> => {
  const claims: Claim[] = [];
  const leaseIds: string[] = [];
  await Promise.all(
    clients.map(async (client) => {
      for (;;) {
        const began = performance.now();
        const answer = await client.acquireLease(ASK).catch(() => undefined);
        if (answer?.lease === undefined) {
          return;
        }
        const ended = performance.now();
        claims.push({ ended, took: ended - began });
        leaseIds.push(answer.lease.leaseId);
      }
    }),
  );
  if (claims.length !== 900) {
    throw new Error(
      `${claims.length} claims instead of 900: another process has a port of ${FIRST}-${LAST}`,
    );
  }
  return { filled: filledBy(claims), leaseIds };
};

interface Ours {
  /** In a new process. */
  cold: Filled;
  /** In a process whose pool was filled and emptied before. */
  warm: Filled;
  recoveryMs: number;
  readMs: number;
}

const ours = async (round: number): Promise<Ours> => {
  await using broker = await startService({
    name: 'port-broker',
    env: {
      MUSTER_LISTEN: '127.0.0.1:0',
      MUSTER_JWKS: keys.jwksFile,
      MUSTER_PORT_POOLS: POOLS,
      MUSTER_PORT_DATA: join(dir, `broker-${round}`),
      MUSTER_LOG_LEVEL: 'warn',
    },
  });
  const clients = Array.from({ length: CLAIMANTS }, () =>
    createClient(PortServiceService, { target: broker.address, token }),
  );
  // This connects the clients and fills the server's cache of tokens, because only claims are to be measured.
  await Promise.all(clients.map((client) => client.getPoolStatus({ host: '', pool: '' })));
  const { filled: cold, leaseIds } = await fill(clients);
  for (const leaseId of leaseIds) {
    await clients[0]!.releaseLease({ leaseId, fencingToken: 0 });
  }
  const { filled: warm } = await fill(clients);
  for (const client of clients) {
    client.close();
  }
  await broker.kill('SIGKILL');
  const began = performance.now();
  await broker.restart();
  using next = createClient(PortServiceService, { target: broker.address, token });
  const { pools } = await next.getPoolStatus({ host: '', pool: 'bench' });
  if (pools[0]?.leased !== 900) {
    throw new Error(`${pools[0]?.leased} leases came back`);
  }
  const recoveryMs = performance.now() - began;
  await broker.kill('SIGKILL');
  const opened = performance.now();
  const database = openDatabase(join(dir, `broker-${round}`));
  openLeaseTable('here', parsePools(POOLS), createLeaseStore(database).load(), 0);
  const readMs = performance.now() - opened;
  database.close();
  return { cold, warm, recoveryMs, readMs };
};

const peer = async (round: number): Promise<Filled> => {
  const folder = await mkdtemp(join(dir, `recipe-${round}-`));
  const recipe = join(import.meta.dirname, 'leases-recipe.py');
  const args = [recipe, folder, `${FIRST}`, `${LAST}`, `${CLAIMANTS}`];
  const lines = execFileSync('python3', args, { encoding: 'utf8' }).trim().split('\n');
  return filledBy(lines.map((text) => JSON.parse(text) as Claim));
};

const runs: (Ours & { recipe: Filled })[] = [];
for (let round = 1; round <= ROUNDS; round += 1) {
  const theirs = await peer(round);
  runs.push({ ...(await ours(round)), recipe: theirs });
}
await rm(dir, { recursive: true, force: true });

const python = execFileSync('python3', ['--version'], { encoding: 'utf8' }).trim();
console.log(`leases: ${CLAIMANTS} claimants, 900 ports, from empty to full`);
console.log(`machine: ${machine()}, node ${process.version}, ${python}`);
const tell = (name: string, pick: (run: (typeof runs)[number]) => number, unit: string): void =>
  console.log(line(name, spreadOf(runs.map(pick)), unit));
const NAMES = {
  cold: 'port-broker, just started',
  warm: 'port-broker, filled once before',
  recipe: 'recipe',
} as const;
const parts = Object.entries(NAMES) as [keyof typeof NAMES, string][];
for (const [of, name] of parts) {
  tell(name, (run) => run[of].perSecond, 'leases/s');
}
for (const which of ['first', 'last'] as const) {
  for (const share of ['p50', 'p99'] as const) {
    for (const [of, name] of parts) {
      tell(`${name}, ${which} tenth, ${share}`, (run) => run[of][which][share], 'ms');
    }
  }
}
tell('kill -9, then process start to 900 leases told', (run) => run.recoveryMs, 'ms');
tell('of which reading 900 leases', (run) => run.readMs, 'ms');
process.exit(0);
