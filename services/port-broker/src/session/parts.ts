import { mkdir } from 'node:fs/promises';
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
import type { ProcessRecord } from '../domain/session.ts';
import type { SocketTable } from '../host/socket-table.ts';
import { whoListens } from '../process/listening.ts';
import type { Recipe } from './kind.ts';

/** What one session's programs are run with. */
export interface PartsOptions {
  session: string;
  folder: string;
  clock: Clock;
  sockets: SocketTable;
  /** Aborts when this process ends, and the programs live on. */
  closing: AbortSignal;
  newNonce: () => string;
  end: Ender;
  /** Makes durable what is about to be started, and then with its pid. Throws while it cannot. */
  note: (record: ProcessRecord) => void;
  /** Nothing is left of these. */
  forget: (nonces: readonly string[]) => void;
}

/** How a process ended. */
interface Exit {
  /** null: by a signal. undefined: it was adopted, so nobody could ask. */
  code: number | null | undefined;
}

/** A part that ended, and how. */
export interface PartEnd extends Exit {
  role: string;
  /** Where it said what, and from where on in this run. */
  output: string;
  since: number;
}

/** The programs of one session: starts those that do not run, and ends all. */
export interface Parts {
  /** Starts what does not run and waits until it is ready. Throws StartFailure; what it started then still has to be ended. */
  bringUp(recipe: Recipe, port: number, signal: AbortSignal): Promise<void>;
  /** The next end of a part that was running. */
  nextEnd(): Promise<PartEnd>;
  /** Ends what is left of one part. */
  sweep(role: string, graceMs: number): Promise<boolean>;
  /** Ends all; resolves to whether it is proved that nothing is left, and nobody listens on the port. */
  endAll(graceMs: number, port: number): Promise<boolean>;
  /** The pid of a part that runs. */
  pid(role: string): number | undefined;
  /** Everything that was started and is not proved to be gone. */
  nonces(): ReadonlySet<string>;
  /** Keeps what they say within bounds. */
  bound(): Promise<void>;
}

interface Running {
  identity: Identity;
  exited: Promise<Exit>;
  output: string;
  /** Where in the output this run begins. */
  since: number;
}

const READY_POLL_MS = 50;
const ADOPTED_POLL_MS = 200;
const LISTEN_GONE_MS = 2_000;

/** Takes over those of `left` that still run. */
export const createParts = (options: PartsOptions, left: readonly ProcessRecord[]): Parts => {
  const { session, folder, clock, sockets, closing, note, forget } = options;
  const running = new Map<string, Running>();
  /** By nonce, with the role: also of what may be left of those that ended. */
  const known = new Map<string, string>();
  const ends: PartEnd[] = [];
  let wake = Promise.withResolvers<void>();

  const ended = async (role: string, part: Running): Promise<void> => {
    const exit = await part.exited;
    // One that we ended ourselves is no news.
    if (running.get(role) !== part) return;
    running.delete(role);
    ends.push({ role, ...exit, output: part.output, since: part.since });
    wake.resolve();
  };
  const watch = (role: string, part: Running): void => {
    running.set(role, part);
    void ended(role, part);
  };
  for (const record of left) {
    known.set(record.nonce, record.role);
    if (record.pid === 0 || !isRunning(record)) continue;
    watch(record.role, {
      identity: record,
      exited: adoptedEnd(record, clock, closing),
      output: outputOf(folder, record.role),
      since: 0,
    });
  }

  const start = async (recipe: Recipe): Promise<void> => {
    for (const { role, command } of recipe.parts) {
      if (running.has(role)) continue;
      const nonce = options.newNonce();
      const what = command(nonce);
      const since = await outputSize(what.output);
      // On record first: were this process to end now, the next one would find the nonce, and end what carries it.
      note({ nonce, session, role, pid: 0, startTicks: '' });
      known.set(nonce, role);
      const { identity, exited } = await startMarked(what, nonce);
      note({ session, role, ...identity });
      watch(role, { identity, exited, output: what.output, since });
    }
  };
  const checkEnds = async (): Promise<void> => {
    const end = ends.shift();
    if (end === undefined) return;
    // Only of this run: the one before may have had another port.
    const said = await lastLines(end.output, end.since);
    if (/address already in use/i.test(said)) {
      throw new StartFailure('PORT_TAKEN', end.role, 'could not listen: somebody took the port', { lastLines: said });
    }
    throw new StartFailure('PROGRAM_EXITED', end.role, `ended with ${codeOf(end)} before it was ready`, {
      exitCode: end.code ?? null,
      lastLines: said,
    });
  };
  const isListening = async (recipe: Recipe, port: number): Promise<boolean> => {
    if (recipe.listener === undefined) return true;
    const part = running.get(recipe.listener);
    if (part === undefined) return false;
    const who = await whoListens(sockets, port, part.identity.pid);
    if (who === 'foreign' && running.has(recipe.listener)) {
      throw new StartFailure('FOREIGN_LISTENER', recipe.listener, `finds somebody else on port ${port}`);
    }
    return who === 'ours';
  };
  const end = async (nonces: readonly string[], graceMs: number): Promise<boolean> => {
    const isGone = await options.end(nonces, graceMs);
    if (isGone) {
      for (const nonce of nonces) known.delete(nonce);
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
        const part = running.get(role);
        return part === undefined ? '' : saidSince(part.output, part.since);
      };
      for (;;) {
        await checkEnds();
        // The kind's sign first: whoever is ready listens, and a stranger who listens is not asked.
        if ((await isListening(recipe, port)) && (await recipe.isReady(said))) {
          await checkEnds();
          if (await isListening(recipe, port)) return;
        }
        if (clock.monotonic() > until) {
          const slow = recipe.parts.at(-1)?.role ?? '';
          const lines = await lastLines(outputOf(folder, slow));
          const what = `was not ready within ${recipe.readyMs / 1_000} s`;
          throw new StartFailure('NOT_READY_IN_TIME', slow, what, { lastLines: lines });
        }
        await clock.sleep(READY_POLL_MS, signal);
      }
    },
    nextEnd: async () => {
      for (;;) {
        const next = ends.shift();
        if (next !== undefined) return next;
        wake = Promise.withResolvers();
        await wake.promise;
      }
    },
    sweep: (role, graceMs) =>
      end(
        [...known]
          .filter(([nonce, of]) => of === role && running.get(role)?.identity.nonce !== nonce)
          .map(([nonce]) => nonce),
        graceMs,
      ),
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
  };
};

/** The file that gets what a part says. */
export const outputOf = (folder: string, role: string): string => `${folder}/${role}.log`;

const codeOf = ({ code }: Exit): string => (code === null || code === undefined ? 'a signal' : `code ${code}`);

/** Nobody is told of the end of a process that somebody else started: it is looked at again and again. */
const adoptedEnd = async (identity: Identity, clock: Clock, closing: AbortSignal): Promise<Exit> => {
  while (isRunning(identity)) {
    const isClosing = await clock.sleep(ADOPTED_POLL_MS, closing).then(
      () => false,
      () => true,
    );
    if (isClosing) return new Promise(() => {});
  }
  return { code: undefined };
};

const nobodyListens = async (sockets: SocketTable, port: number, clock: Clock): Promise<boolean> => {
  const until = clock.monotonic() + LISTEN_GONE_MS;
  for (;;) {
    try {
      if (!sockets.listeners().some((row) => row.port === port)) return true;
    } catch {
      return false;
    }
    if (clock.monotonic() > until) return false;
    await clock.sleep(READY_POLL_MS);
  }
};
