import { addAbortListener } from 'node:events';
import { backoffMs, every, retry } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import {
  describeExit,
  launch,
  LaunchError,
  type Program,
  type Running,
} from '#libs/embedded/index.ts';
import { boundOutput, LOGS } from '#libs/programs/index.ts';
import { precondition, textOf } from '../failures.ts';
import { writePrivateJson } from './files.ts';
import type { Layout } from './layout.ts';
import type { Tell } from './surroundings.ts';

const WRITE_AGAIN_MS = 1_000;

/**
 * `processes.json`: name → pid of everything that runs, replaced as a whole at each change. Only the first write can fail. A
 * later one that the disk refuses is tried again, because what runs must not end for it.
 */
export const createProcessTable = async (file: string, clock: Clock) => {
  const pids = new Map<string, number>();
  const save = (): Promise<void> => writePrivateJson(file, Object.fromEntries(pids));
  let last = save();
  await last;
  let isDue = false;
  const writeLater = (): void => {
    if (isDue) {
      return;
    }
    isDue = true;
    clock.setTimer(WRITE_AGAIN_MS, () => {
      isDue = false;
      void write();
    });
  };
  // One write after the other, because the last one must win.
  const write = (): Promise<void> => (last = last.then(save).catch(writeLater));
  return {
    set: (name: string, pid: number): Promise<void> => {
      pids.set(name, pid);
      return write();
    },
    /** Only if the name still has this pid. */
    remove: (name: string, pid: number): Promise<void> => {
      if (pids.get(name) === pid) {
        pids.delete(name);
      }
      return write();
    },
  };
};

/** A process of the mesh. */
export interface MeshProcess {
  kind: 'store' | 'service' | 'agent';
  /** Its name is that of the process: `blob-1`, `mongod`. */
  program: Program;
  readyMs: number;
}

/** Starts parts, starts them again when they die, and ends them in order. */
export interface Supervisor {
  /** Resolves when the part can be used. Throws FAILED_PRECONDITION `PART_FAILED` when it does not get there. */
  add(part: MeshProcess): Promise<void>;
  /** Ends a part, which is started again like one that died. Does nothing if it does not run. */
  renew(name: string): void;
  /** Ends everything: agents, then services, then stores; each is asked first, and killed after a while. */
  drain(): Promise<void>;
}

interface SupervisorOptions {
  clock: Clock;
  table: Awaited<ReturnType<typeof createProcessTable>>;
  layout: Pick<Layout, 'directory' | 'log'>;
  env: Readonly<Record<string, string | undefined>>;
  /** Start services and stores again when they die. Agents never: they are other people's machines. */
  restarts: boolean;
  /** Aborts when everything is to end: nothing is started any more. */
  signal: AbortSignal;
  tell: Tell;
}

const END_ORDER = ['agent', 'service', 'store'] as const satisfies readonly MeshProcess['kind'][];

/** How often logs that have grown too long are cut. */
const LOGS_MS = 30_000;

const RESTART_PAUSE = { firstMs: 300, longestMs: 15_000 };
/** A part that lived for so long begins again with the shortest pause. */
const STABLE_MS = 30_000;

export const createSupervisor = (options: SupervisorOptions): Supervisor => {
  const { clock, table, layout, env, restarts, tell } = options;
  const ending = new AbortController();
  addAbortListener(options.signal, () => ending.abort(options.signal.reason));
  const running = new Map<MeshProcess, Running>();
  const starting = new Set<Promise<Running>>();
  const loops: Promise<void>[] = [];

  const start = async (part: MeshProcess): Promise<Running> => {
    const { program, readyMs } = part;
    const { directory: cwd, log } = layout;
    const logFile = log(program.name);
    const launching = launch(program, { env, cwd, logFile, clock, readyMs, signal: ending.signal });
    starting.add(launching);
    const started = await launching.finally(() => starting.delete(launching));
    running.set(part, started);
    await table.set(program.name, started.pid);
    return started;
  };

  // Of a detached mesh, this process has a log too.
  const logs = (): string[] => ['up', ...[...running.keys()].map(({ program }) => program.name)];
  const cutting = every({ clock, everyMs: LOGS_MS, isPauseFirst: true }, () =>
    Promise.all(logs().map((name) => boundOutput(layout.log(name), LOGS))),
  );

  /** Resolves when the part has ended for good. */
  const keepRunning = async (part: MeshProcess, first: Running): Promise<void> => {
    const { name } = part.program;
    const isRestarted = restarts && part.kind !== 'agent';
    let deaths = 0;
    for (let current = first; ;) {
      const { pid, exited } = current;
      const sinceMs = clock.monotonic();
      const exit = await exited;
      running.delete(part);
      await table.remove(name, pid);
      if (ending.signal.aborted) {
        return;
      }
      deaths = clock.monotonic() - sinceMs > STABLE_MS ? 1 : deaths + 1;
      const pauseMs = backoffMs(RESTART_PAUSE, deaths);
      const next = isRestarted ? `; starting it again in ${(pauseMs / 1_000).toFixed(1)} s` : '';
      tell({ event: 'ended', name, pid }, `${name} (process ${pid}) ${describeExit(exit)}${next}`);
      if (!isRestarted) {
        return;
      }
      current = await restart(part, pauseMs);
    }
  };

  /** Rejects only when everything is to end. */
  const restart = async (part: MeshProcess, pauseMs: number): Promise<Running> => {
    const { name } = part.program;
    let told = '';
    // A port that somebody else took, for example, is the same at each try.
    const onRetry = (thrown: unknown): void => {
      const text = textOf(thrown);
      // The lines of its log carry times.
      const [why = ''] = text.split('\n');
      if (why !== told) {
        tell({ event: 'ended', name, pid: 0 }, `trying on, but cannot start ${name}: ${text}`);
      }
      told = why;
    };
    const { signal } = ending;
    await clock.sleep(pauseMs, signal);
    const restarted = await retry(() => start(part), {
      clock,
      signal,
      pause: RESTART_PAUSE,
      onRetry,
    });
    const { pid } = restarted;
    tell({ event: 'restarted', name, pid }, `${name} runs again (process ${pid})`);
    return restarted;
  };

  return {
    async add(part) {
      const { name } = part.program;
      const started = await start(part).catch((error: unknown) => {
        throw error instanceof LaunchError
          ? precondition('PART_FAILED', error.message, { name })
          : error;
      });
      loops.push(
        keepRunning(part, started).catch((thrown: unknown) => {
          if (!ending.signal.aborted) {
            throw thrown;
          }
        }),
      );
    },
    renew(name) {
      for (const [part, each] of running) {
        if (part.program.name === name) {
          void each.stop();
        }
      }
    },
    async drain() {
      ending.abort();
      await cutting.stop();
      // The signal ends what is still starting.
      await Promise.allSettled(starting);
      for (const kind of END_ORDER) {
        await Promise.all(
          [...running].flatMap(([part, each]) => (part.kind === kind ? [each.stop()] : [])),
        );
      }
      await Promise.all(loops);
    },
  };
};
