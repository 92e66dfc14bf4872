import { addAbortListener } from 'node:events';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import type { Clock, Timer } from '#libs/clock/index.ts';
import { isOfSystem } from '#libs/programs/index.ts';
import type { Random } from '#libs/random/index.ts';
import {
  type Box,
  type Exit,
  type Given,
  type Hardware,
  insidePath,
  type Limits,
  type Sandbox,
  startConfined,
} from '#libs/sandbox/index.ts';
import type { Running } from '../engine.ts';
import { answerReader } from './answer-reader.ts';
import { progressOfMessage, progressReader } from './progress.ts';
import type { Request } from './renderer-protocol.ts';

/** Why there was no answer. The renderer is dead after each of these. */
export type Trouble =
  // `begun`: whether it printed anything after the request.
  | { kind: 'died'; exit: Exit; begun: boolean }
  | { kind: 'hung'; text: string }
  | { kind: 'lied'; text: string }
  | { kind: 'cancelled' };

type Reply<A> = { kind: 'answered'; answer: A } | Trouble;

/** How long a request may take, and how long the renderer may print nothing meanwhile. */
interface Patience {
  timeoutMs: number;
  quietMs: number;
}

/** What ends a request, and who hears of its progress. */
type Asking = Pick<Running, 'signal'> & Partial<Pick<Running, 'progress'>>;

/** A Blender process that does one request after the other. */
export type Renderer = ReturnType<typeof startRenderer>;

/** What a renderer is started with. */
export interface RendererOptions {
  sandbox: Sandbox;
  /** Blender's program, an absolute path. */
  program: string;
  /** The folder with driver.py, readable for everybody. */
  driver: string;
  workDir: string;
  /** Host files that it may read. */
  readOnly: readonly Given[];
  limits: Limits;
  /** The graphics cards that it may use; none by default. */
  hardware?: Hardware | undefined;
  /** How many threads it renders with. */
  threads: number;
  clock: Clock;
  random: Random;
}

const box = ({
  program,
  driver,
  workDir,
  readOnly,
  limits,
  hardware,
  threads,
}: RendererOptions): Box => ({
  workDir,
  // A Blender from a tarball has its libraries and data in its own folder.
  readOnly: [...readOnly, driver, ...(isOfSystem(program) ? [] : [dirname(program)])],
  // Drivers reserve address space for all memory of the machine and its cards.
  limits: hardware === undefined ? limits : { ...limits, addressSpaceBytes: Infinity },
  hardware,
  env: { OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: String(threads) },
});

/** Starts Blender without the user's settings and without scripts from files, but with our driver. */
const commandLine = (
  { program, driver, threads }: RendererOptions,
  at: (path: string) => string,
): readonly string[] => [
  isOfSystem(program) ? program : at(program),
  ...'--background --factory-startup --disable-autoexec -noaudio --python-exit-code 1'.split(' '),
  '--threads',
  String(threads),
  '--python',
  at(join(driver, 'driver.py')),
];

/** The driver's messages stand between what Blender prints, each on a line of its own. */
const withoutMessages = (log: string): string =>
  log
    .split('\n')
    .filter((line) => !line.startsWith('\u001e'))
    .join('\n')
    .replace(/\n{2,}/g, '\n');

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;

/** The current request. */
interface Waiting {
  onOutput(chunk: Buffer): void;
  onMessage(message: unknown): void;
  onExit(exit: Exit): void;
}

/** Starts a renderer. If the start fails, the first request reports it. */
export const startRenderer = (options: RendererOptions) => {
  const { sandbox, clock, random } = options;
  const within = box(options);
  let waiting: Waiting | undefined;
  let ended: Exit | undefined;
  let isAlive = true;
  let heard = clock.monotonic();
  let hasPrinted = false;
  let taken = 0;

  const read = answerReader((message) => waiting?.onMessage(message));
  const running = startConfined(sandbox, within, (at) => commandLine(options, at), {
    clock,
    onOutput: (chunk) => {
      heard = clock.monotonic();
      hasPrinted = true;
      waiting?.onOutput(chunk);
      read(chunk);
    },
  });
  const onExit = (exit: Exit): void => {
    isAlive = false;
    ended = exit;
    waiting?.onExit(exit);
  };
  void running.exited.then(onExit);

  /** Calls `onQuiet` when the renderer has printed nothing for that long. */
  const listen = (quietMs: number, onQuiet: () => void): Timer => {
    let timer: Timer;
    const wait = (ms: number): void => {
      timer = clock.setTimer(ms, () => {
        const silent = clock.monotonic() - heard;
        if (silent >= quietMs) {
          onQuiet();
        } else {
          wait(quietMs - silent);
        }
      });
    };
    heard = clock.monotonic();
    wait(quietMs);
    return { cancel: () => timer.cancel() };
  };

  const answerTo = <A>(
    request: Request,
    schema: z.ZodType<A>,
    patience: Patience,
    asking: Asking,
  ) =>
    new Promise<Reply<A>>((resolve) => {
      // Random, because a scene must not be able to print the answer.
      const id = random.id('q');
      const { signal, progress } = asking;
      const follow = progress && progressReader(progress);
      const finish = (reply: Reply<A>): void => {
        late.cancel();
        quiet.cancel();
        onAbort[Symbol.dispose]();
        waiting = undefined;
        resolve(reply);
      };
      const { timeoutMs, quietMs } = patience;
      const late = clock.setTimer(timeoutMs, () =>
        finish({ kind: 'hung', text: `not done after ${seconds(timeoutMs)}` }),
      );
      const quiet = listen(quietMs, () =>
        finish({ kind: 'hung', text: `no progress for ${seconds(quietMs)}` }),
      );
      const onAbort = addAbortListener(signal, () => finish({ kind: 'cancelled' }));
      waiting = {
        onOutput: (chunk) => follow?.(chunk.toString('latin1')),
        onExit: (exit) => finish({ kind: 'died', exit, begun: hasPrinted }),
        onMessage: (message) => {
          const { id: of, progress: step } = (message ?? {}) as {
            id?: unknown;
            progress?: unknown;
          };
          if (of !== id) {
            return;
          }
          if (typeof step === 'string') {
            progress?.(progressOfMessage(step));
            return;
          }
          const { data, error } = schema.safeParse(message);
          finish(
            error
              ? { kind: 'lied', text: `an answer that makes no sense: ${error.message}` }
              : { kind: 'answered', answer: data },
          );
        },
      };
      hasPrinted = false;
      running.write(`${JSON.stringify({ id, ...request })}\n`);
    });

  const end = async (): Promise<void> => {
    isAlive = false;
    await running.kill();
  };

  return {
    /** A host path as Blender sees it. */
    at: (path: string) => insidePath(sandbox, within, path),
    /** Sends a request and reads the answer with `schema`. One request at a time. Never rejects. */
    async ask<A>(
      request: Request,
      schema: z.ZodType<A>,
      patience: Patience,
      asking: Asking,
    ): Promise<Reply<A>> {
      if (asking.signal.aborted) {
        await end();
        return { kind: 'cancelled' };
      }
      if (ended !== undefined) {
        return { kind: 'died', exit: ended, begun: false };
      }
      const reply = await answerTo(request, schema, patience, asking);
      if (reply.kind !== 'answered') {
        await end();
      }
      return reply;
    },
    /** Whether it can take a request. */
    isAlive: () => isAlive,
    /** The last 256 KiB of what it printed. */
    log: () => withoutMessages(running.log()),
    /** The same of what it printed since the last call. */
    newLog: () => {
      const text = running.log(taken);
      taken = running.logPosition();
      return withoutMessages(text);
    },
    /** Ends it and everything it started, within a second. */
    end,
  };
};
