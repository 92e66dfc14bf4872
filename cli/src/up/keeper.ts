import type { Clock } from '#libs/clock/index.ts';
import { describeExit, type Child } from './child.ts';
import type { ProcessTable } from './process-table.ts';

export type PartKind = 'store' | 'service' | 'agent';

/** A part of the mesh that runs as a process. */
export interface PartSpec {
  /** `blob-1`, `mongod`. */
  name: string;
  kind: PartKind;
  /** Starts it, the same way each time; answers when it has a pid. What it throws leaves no process behind. */
  start(): Promise<Child>;
  /** Waits until it does its work. */
  ready(child: Child): Promise<void>;
}

/** Keeps parts running, and ends them in order. */
export interface Keeper {
  /** Starts a part and waits until it is ready; throws when it does not get there. From then on it is kept. */
  add(spec: PartSpec): Promise<void>;
  /** Ends everything: agents, then services, then stores; each is asked first, and made to after a while. */
  drain(): Promise<void>;
}

export interface KeeperOptions {
  clock: Clock;
  table: ProcessTable;
  /** Start services and stores again when they die. Agents never: they are other people's machines. */
  restarts: boolean;
  /** Told what happens, for people. */
  tell: (event: { event: 'ended' | 'restarted'; name: string; pid: number }, text: string) => void;
}

const order: readonly PartKind[] = ['agent', 'service', 'store'];

/** Longer than the 20 s in which a process of ours ends by itself. */
const patienceMs: Record<PartKind, number> = { agent: 25_000, service: 25_000, store: 20_000 };

/** A part that lived for so long begins again with the shortest wait. */
const stableMs = 30_000;

/** How long to wait before the start that follows so many quick deaths in a row: 0.3 s, doubling up to 15 s. */
export const restartDelayMs = (deaths: number): number => Math.min(15_000, 300 * 2 ** Math.min(deaths, 10));

interface Kept {
  spec: PartSpec;
  child: Child | undefined;
  startedMs: number;
  deaths: number;
  /** One that never worked is not started again and again. */
  wasReady: boolean;
}

export const createKeeper = ({ clock, table, restarts, tell }: KeeperOptions): Keeper => {
  const kept: Kept[] = [];
  const ending = new AbortController();
  const loops: Promise<void>[] = [];
  const launches = new Set<Promise<Child>>();

  const launch = async (part: Kept): Promise<Child> => {
    const starting = part.spec.start();
    launches.add(starting);
    const child = await starting.finally(() => launches.delete(starting));
    part.child = child;
    part.startedMs = clock.monotonic();
    await table.set(part.spec.name, child.pid);
    return child;
  };

  /** Waits for the end of the present process, and for what takes its place; returns when nothing will. */
  const keep = async (part: Kept): Promise<void> => {
    const { name, kind } = part.spec;
    while (part.child !== undefined) {
      const { pid, exited } = part.child;
      const exit = await exited;
      part.child = undefined;
      await table.remove(name, pid);
      if (ending.signal.aborted) return;
      const isRestarted = restarts && kind !== 'agent' && part.wasReady;
      if (clock.monotonic() - part.startedMs > stableMs) part.deaths = 0;
      const delayMs = restartDelayMs(part.deaths);
      part.deaths += 1;
      const next = isRestarted ? `; starting it again in ${(delayMs / 1_000).toFixed(1)} s` : '';
      tell({ event: 'ended', name, pid }, `${name} (process ${pid}) ${describeExit(exit)}${next}`);
      if (!isRestarted) return;
      await restart(part, delayMs);
    }
  };

  const restart = async (part: Kept, firstDelayMs: number): Promise<void> => {
    const { name } = part.spec;
    for (let delayMs = firstDelayMs; ; delayMs = restartDelayMs(part.deaths)) {
      try {
        await clock.sleep(delayMs, ending.signal);
        const child = await launch(part);
        void part.spec.ready(child).then(
          () => tell({ event: 'restarted', name, pid: child.pid }, `${name} runs again (process ${child.pid})`),
          () => {},
        );
        return;
      } catch (error) {
        if (ending.signal.aborted) return;
        part.deaths += 1;
        tell({ event: 'ended', name, pid: 0 }, `${name} cannot be started: ${String(error)}`);
      }
    }
  };

  const end = async (kind: PartKind): Promise<void> => {
    const children = kept.flatMap(({ spec, child }) => (spec.kind === kind && child !== undefined ? [child] : []));
    await Promise.all(
      children.map(async (child) => {
        child.kill('SIGTERM');
        // One that was stopped (SIGSTOP) hears nothing until it goes on.
        child.kill('SIGCONT');
        const patience = clock.setTimer(patienceMs[kind], () => child.kill('SIGKILL'));
        await child.exited;
        patience.cancel();
      }),
    );
  };

  return {
    async add(spec) {
      const part: Kept = { spec, child: undefined, startedMs: 0, deaths: 0, wasReady: false };
      kept.push(part);
      const child = await launch(part);
      try {
        await spec.ready(child);
        part.wasReady = true;
      } finally {
        loops.push(keep(part));
      }
    },
    async drain() {
      ending.abort();
      // What is being started cannot be ended before it is there.
      await Promise.allSettled(launches);
      for (const kind of order) await end(kind);
      await Promise.all(loops);
    },
  };
};
