import { mkdir } from 'node:fs/promises';
import { createBell, poll } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import {
  boundOutput,
  isRunning,
  lastLines,
  outputSize,
  saidSince,
  StartFailure,
  startMarked,
  type Ender,
  type Identity,
} from '#libs/programs/index.ts';
import {
  type Excess,
  folderMeter,
  type Taken,
  type Watch,
  type WatchedLimits,
  watchLimits,
} from '#libs/sandbox/index.ts';
import type { ProcessRecord } from '../domain/session.ts';
import type { SocketTable } from '../host/socket-table.ts';
import { whoListens } from '../process/connections.ts';
import type { Recipe } from './session-type.ts';

interface ProcessGroupOptions {
  session: string;
  folder: string;
  clock: Clock;
  sockets: SocketTable;
  /** Aborts when this process ends, and the programs live on. */
  closing: AbortSignal;
  /** See `SessionType.limits`. */
  limits: (role: string) => WatchedLimits | undefined;
  newNonce: () => string;
  end: Ender;
  /** Makes a record durable: before its program is started, and again with the pid. Throws if the disk refuses it. */
  note: (record: ProcessRecord) => void;
  /** Called when nothing is left of these programs. */
  forget: (nonces: readonly string[]) => void;
}

interface Exit {
  /** null: a signal ended it. undefined: it was adopted, so its exit code is unknown. */
  code: number | null | undefined;
}

interface Output {
  /** The file with its output, and the position at which this run's output begins. */
  output: string;
  since: number;
}

export interface ProgramEnd extends Exit, Output {
  role: string;
  /** The limit for which the broker ended it. */
  excess: Excess | undefined;
}

export interface ProcessGroup {
  /** Starts those that do not run, and resolves when all are ready. If it throws StartFailure, the caller ends what was started. */
  bringUp(recipe: Recipe, port: number, signal: AbortSignal): Promise<void>;
  /** The next end of a program that was running. */
  nextEnd(): Promise<ProgramEnd>;
  /** Ends what is left of one program. */
  sweep(role: string): Promise<boolean>;
  /**
   * Ends all programs. Resolves to whether it is proved that none is left and nobody listens on the port (0: not
   * checked).
   */
  endAll(graceMs: number, port: number): Promise<boolean>;
  /** The pid of a program that runs. */
  pid(role: string): number | undefined;
  /** Everything that was started and is not proved to be gone. */
  nonces(): ReadonlySet<string>;
  /** Cuts output files that have grown too long. */
  bound(): Promise<void>;
  /** What its watched programs take. Before they run, what the folder takes. */
  taken(): Promise<Taken>;
  /** Ends its watched programs for what they took. Resolves to whether one ran. */
  endFor(excess: Excess): Promise<boolean>;
}

interface Running extends Output {
  identity: Identity;
  exited: Promise<Exit>;
  watch?: Watch | undefined;
  excess?: Excess;
}

const READY_POLL_MS = 50;
const ADOPTED_POLL_MS = 200;
const LISTEN_GONE_MS = 2_000;

/** Takes over those of `left` that still run. */
export const createProcessGroup = (
  options: ProcessGroupOptions,
  left: readonly ProcessRecord[],
): ProcessGroup => {
  const { session, folder, clock, sockets, closing, note, forget } = options;
  const running = new Map<string, Running>();
  /** The role of each nonce, also of programs that ended but may have left processes. */
  const known = new Map<string, string>();
  const ends: ProgramEnd[] = [];
  const bell = createBell();

  const measure = folderMeter(folder, clock);
  const watched = (): Running[] => [...running.values()].filter((each) => each.watch !== undefined);
  const endFor = (program: Running, excess: Excess): Promise<boolean> => {
    program.excess ??= excess;
    return options.end([program.identity.nonce], 0);
  };

  const watch = async (role: string, program: Running): Promise<void> => {
    running.set(role, program);
    const { output, since, identity } = program;
    const limits = options.limits(role);
    program.watch =
      limits &&
      watchLimits({ pid: identity.pid, workDir: folder, limits, clock }, (excess) => {
        void endFor(program, excess);
      });
    const stop = (): void => void program.watch?.stop();
    closing.addEventListener('abort', stop);
    const { code } = await program.exited;
    closing.removeEventListener('abort', stop);
    stop();
    const { excess } = program;
    // If another program has the role now, `endAll` ended this one.
    if (running.get(role) === program) {
      running.delete(role);
      ends.push({ role, code, output, since, excess });
      bell.ring();
    }
  };
  for (const record of left) {
    known.set(record.nonce, record.role);
    if (record.pid === 0 || !isRunning(record)) {
      continue;
    }
    void watch(record.role, {
      identity: record,
      exited: adoptedEnd(record, clock, closing),
      output: outputOf(folder, record.role),
      since: 0,
    });
  }

  const start = async (recipe: Recipe): Promise<void> => {
    for (const { role, command } of recipe.programs) {
      if (running.has(role)) {
        continue;
      }
      const nonce = options.newNonce();
      const what = command(nonce);
      const since = await outputSize(what.output);
      // The record comes first: if this process is killed now, the next one ends what carries the nonce.
      note({ nonce, session, role, pid: 0, startTicks: '' });
      known.set(nonce, role);
      const { identity, exited } = await startMarked(what, nonce);
      note({ session, role, ...identity });
      void watch(role, { identity, exited, output: what.output, since });
    }
  };
  const checkEnds = async (): Promise<void> => {
    const end = ends.shift();
    if (end === undefined) {
      return;
    }
    // The output of an earlier run may name another port.
    const said = await lastLines(end.output, end.since);
    if (/address already in use/i.test(said)) {
      throw new StartFailure('PORT_TAKEN', end.role, 'could not listen: somebody took the port', {
        lastLines: said,
      });
    }
    const exitCode = end.code ?? null;
    const how = exitCode === null ? 'a signal' : `code ${exitCode}`;
    const what = end.excess?.text ?? `ended with ${how} before it was ready`;
    throw new StartFailure('PROGRAM_EXITED', end.role, what, {
      exitCode,
      lastLines: said,
    });
  };
  const isListening = async (recipe: Recipe, port: number): Promise<boolean> => {
    if (recipe.listener === undefined) {
      return true;
    }
    const program = running.get(recipe.listener);
    if (program === undefined) {
      return false;
    }
    const who = await whoListens(sockets, port, program.identity.pid);
    if (who === 'foreign' && running.has(recipe.listener)) {
      const what = `finds somebody else on port ${port}`;
      throw new StartFailure('FOREIGN_LISTENER', recipe.listener, what);
    }
    return who === 'ours';
  };
  const end = async (nonces: readonly string[], graceMs: number): Promise<boolean> => {
    const isGone = await options.end(nonces, graceMs);
    if (isGone) {
      for (const nonce of nonces) {
        known.delete(nonce);
      }
      forget(nonces);
    }
    return isGone;
  };

  return {
    bringUp: async (recipe, port, signal) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      ends.length = 0;
      const until = clock.monotonic() + recipe.readyMs;
      await start(recipe);
      const said = (role: string): string => {
        const program = running.get(role);
        return program === undefined ? '' : saidSince(program.output, program.since);
      };
      const isUp = async (): Promise<boolean> => {
        await checkEnds();
        // This comes before the program's own sign, because a stranger may listen on the port and answer for it.
        if (!(await isListening(recipe, port)) || !(await recipe.isReady(said))) {
          return false;
        }
        await checkEnds();
        return isListening(recipe, port);
      };
      const withinMs = until - clock.monotonic();
      if (!(await poll(isUp, { clock, everyMs: READY_POLL_MS, withinMs, signal }))) {
        const slow = recipe.programs.at(-1)?.role ?? '';
        const lines = await lastLines(outputOf(folder, slow));
        const what = `was not ready within ${recipe.readyMs / 1_000} s`;
        throw new StartFailure('NOT_READY_IN_TIME', slow, what, { lastLines: lines });
      }
    },
    nextEnd: async () => {
      for (;;) {
        const next = ends.shift();
        if (next !== undefined) {
          return next;
        }
        await bell.rung();
      }
    },
    sweep: (role) => {
      const isLeft = (nonce: string): boolean =>
        known.get(nonce) === role && running.get(role)?.identity.nonce !== nonce;
      return end([...known.keys()].filter(isLeft), 0);
    },
    endAll: async (graceMs, port) => {
      running.clear();
      const isGone = await end([...known.keys()], graceMs);
      return isGone && (await nobodyListens(sockets, port, clock));
    },
    pid: (role) => running.get(role)?.identity.pid,
    nonces: () => new Set(known.keys()),
    bound: async () => {
      await Promise.all([...running.values()].map(({ output }) => boundOutput(output)));
    },
    taken: async () => {
      const taken = watched().flatMap((each) => each.watch?.taken() ?? []);
      return {
        memoryBytes: taken.reduce((sum, each) => sum + each.memoryBytes, 0),
        diskBytes: taken[0]?.diskBytes ?? (await measure()).bytes,
      };
    },
    endFor: async (excess) => {
      const programs = watched();
      await Promise.all(programs.map((program) => endFor(program, excess)));
      return programs.length > 0;
    },
  };
};

/** The file to which a program writes its output. */
export const outputOf = (folder: string, role: string): string => `${folder}/${role}.log`;

/** Polls for the end of an adopted process, because the kernel tells only the parent of a process that it has ended. */
const adoptedEnd = (identity: Identity, clock: Clock, signal: AbortSignal): Promise<Exit> =>
  poll(() => !isRunning(identity), { clock, everyMs: ADOPTED_POLL_MS, signal }).then(
    () => ({ code: undefined }),
    // This process ends before the adopted one.
    () => new Promise(() => {}),
  );

const nobodyListens = (sockets: SocketTable, port: number, clock: Clock): Promise<boolean> => {
  const isFree = () => !sockets.listeners().some((row) => row.port === port);
  const bounds = { clock, everyMs: READY_POLL_MS, withinMs: LISTEN_GONE_MS };
  // If the socket table cannot be read, nothing is proved.
  return poll(isFree, bounds).catch(() => false);
};
