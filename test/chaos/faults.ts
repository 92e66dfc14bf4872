import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '#libs/random/index.ts';
import type { Proxy, RunningService, TestStore } from '#libs/testing/index.ts';
import type { Mesh } from '../harness/mesh.ts';

/** A fault. It begins at once, and it is over before the promise resolves. */
export interface Fault {
  kind: string;
  strike(): Promise<void>;
}

type Victim = Pick<RunningService | TestStore, 'kill' | 'restart'>;

const FROZEN_MS = 12_000;
const AWAY_MS = 3_000;
const SLOW_MS = 200;

/** Chooses the next fault in a mesh and its agents. A process dies, freezes or loses a connection, each equally often. */
export const createFaults = (
  mesh: Mesh,
  agents: readonly RunningService[],
  random: Random,
): (() => Fault) => {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.float() * list.length)]!;
  const { nats, mongod, azurite } = mesh.stores;
  const frozen: [string, readonly Victim[]][] = [
    ['session-supervisor', mesh.replicas.supervisors],
    ['user-manager', mesh.replicas.managers],
    ['agent', agents],
    ['blob', [mesh.services.blob]],
    ['nats-server', [nats]],
    ['mongod', [mongod]],
  ];
  // After SIGKILL, Azurite would lose writes that it has acknowledged.
  const killed: [string, readonly Victim[]][] = [...frozen, ['azurite', [azurite]]];
  const troubles: [string, (proxy: Proxy) => void][] = [
    ['slow', (proxy) => proxy.delay(SLOW_MS)],
    ['cut', (proxy) => proxy.cut()],
    ['black hole', (proxy) => proxy.blackhole()],
    ['replies dropped', (proxy) => proxy.drop('replies')],
  ];

  const kill = (): Fault => {
    const [kind, victims] = pick(killed);
    const victim = pick(victims);
    const awayMs = random.float() * AWAY_MS;
    return {
      kind: `${kind} killed`,
      strike: async () => {
        await victim.kill(kind === 'azurite' ? 'SIGTERM' : 'SIGKILL');
        await sleep(awayMs);
        await victim.restart();
      },
    };
  };
  const freeze = (): Fault => {
    const [kind, victims] = pick(frozen);
    const victim = pick(victims);
    return {
      kind: `${kind} frozen`,
      strike: async () => {
        await victim.kill('SIGSTOP');
        await sleep(FROZEN_MS);
        await victim.kill('SIGCONT');
      },
    };
  };
  const cutOff = (): Fault => {
    const ways = [...Map.groupBy(mesh.links, ({ from, to }) => `${from} to ${to}`)];
    const [way, links] = pick(ways);
    const { proxy } = pick(links);
    const [kind, begin] = pick(troubles);
    const awayMs = 500 + random.float() * AWAY_MS;
    return {
      kind: `${way}: ${kind}`,
      strike: async () => {
        begin(proxy);
        await sleep(awayMs);
        proxy.heal();
      },
    };
  };
  return () => pick([kill, freeze, cutOff])();
};
