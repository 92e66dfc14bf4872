import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '#libs/random/index.ts';
import type { RunningService, TestStore } from '#libs/testing/index.ts';
import type { Mesh } from '../harness/mesh.ts';

/** Something that goes wrong, and is put right before it resolves. */
export interface Fault {
  kind: string;
  strike(): Promise<void>;
}

type Victim = Pick<RunningService | TestStore, 'kill' | 'restart'>;

const FROZEN_MS = 12_000;
const AWAY_MS = 3_000;

/** All faults that there are, for one mesh and its agents. */
export const faultsOf = (mesh: Mesh, agents: readonly RunningService[], random: Random): Fault[] => {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.float() * list.length)]!;
  const killed = (kind: string, victim: () => Victim, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Fault => ({
    kind: `${kind} killed`,
    strike: async () => {
      const one = victim();
      await one.kill(signal);
      await sleep(random.float() * AWAY_MS);
      await one.restart();
    },
  });
  const frozen = (kind: string, victim: () => Victim): Fault => ({
    kind: `${kind} frozen`,
    strike: async () => {
      const one = victim();
      await one.kill('SIGSTOP');
      await sleep(FROZEN_MS);
      await one.kill('SIGCONT');
    },
  });
  const { nats, mongod, azurite } = mesh.stores;
  const victims: [string, () => Victim][] = [
    ['session-supervisor', () => pick(mesh.replicas.supervisors)],
    ['user-manager', () => pick(mesh.replicas.managers)],
    ['agent', () => pick(agents)],
    ['blob', () => mesh.services.blob],
    ['nats-server', () => nats],
    ['mongod', () => mongod],
  ];
  const network = mesh.proxies.flatMap((proxy, i): Fault[] => {
    const to = i === 0 ? 'mongod' : 'nats-server';
    const healing = (kind: string, begin: () => void): Fault => ({
      kind: `${to}: ${kind}`,
      strike: async () => {
        begin();
        await sleep(500 + random.float() * AWAY_MS);
        proxy.delay(0);
        proxy.heal();
      },
    });
    return [
      healing('slow', () => proxy.delay(200)),
      healing('connections cut', () => proxy.cut()),
      healing('black hole', () => proxy.blackhole()),
      healing('replies dropped', () => proxy.drop('replies')),
    ];
  });
  return [
    ...victims.map(([kind, victim]) => killed(kind, victim)),
    ...victims.map(([kind, victim]) => frozen(kind, victim)),
    killed('azurite', () => azurite, 'SIGTERM'),
    ...network,
  ];
};
