import { spawn } from 'node:child_process';
import type { Clock } from '#libs/clock/index.ts';
import { logTail } from './log-tail.ts';
import { type Box, confine, type Sandbox } from './sandbox.ts';
import { type Excess, watchLimits } from './watch.ts';

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The limit for which we ended it. */
  excess: Excess | undefined;
}

/** A program that runs in a box. */
export interface ConfinedProcess {
  /** The outermost process; the program itself is a descendant. 0 if it could not be started. */
  readonly pid: number;
  /** Resolves when it has ended and, within a second, everything that it started. Never rejects. */
  readonly exited: Promise<Exit>;
  /** Writes to its stdin. What it no longer reads is lost. */
  write(text: string): void;
  /** No more input. */
  end(): void;
  /** Ends the whole tree at once; resolves like `exited`. */
  kill(): Promise<Exit>;
  /** The last 256 KiB of what it wrote to stdout and stderr. */
  log(): string;
}

const LOG_BYTES = 256 * 1024;
const LAST_BREATH_MS = 1_000;

/**
 * Starts a program in a box, at nice 10 and in a process group of its own. `onOutput` gets what it writes to stdout, as it
 * comes; with `keepOutput: false` that is data, and only stderr goes to the log. It is ended when it goes over a limit;
 * `exited` says which.
 */
export const startConfined = (
  sandbox: Sandbox,
  box: Box,
  command: (at: (hostPath: string) => string) => readonly string[],
  options: { clock: Clock; onOutput?: (chunk: Buffer) => void; keepOutput?: boolean },
): ConfinedProcess => {
  const { argv, env } = confine(sandbox, box, command);
  const [program, ...args] = argv;
  // Detached: a group of its own, so that one signal reaches all of it and a Ctrl-C in the terminal does not.
  const child = spawn(program, args, { env, cwd: box.workDir, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const tail = logTail(LOG_BYTES);
  child.stdout.on('data', (chunk: Buffer) => {
    if (options.keepOutput ?? true) {
      tail.add(chunk);
    }
    options.onOutput?.(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => tail.add(chunk));
  child.stdin.on('error', () => undefined);

  const { pid } = child;
  // Its number may be somebody else's once it has been waited for.
  let running = pid !== undefined;
  const killGroup = (): void => {
    if (running && pid !== undefined) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // Nobody of the group is left.
      }
    }
  };
  let excess: Excess | undefined;
  const unwatch =
    pid === undefined
      ? () => undefined
      : watchLimits({ pid, workDir: box.workDir, limits: box.limits, clock: options.clock }, (over) => {
          excess = over;
          killGroup();
        });
  const exited = new Promise<Exit>((resolve) => {
    child.on('error', (error) => {
      tail.add(Buffer.from(`${error.message}\n`));
      if (pid === undefined) {
        resolve({ code: null, signal: null, excess });
      }
    });
    child.on('exit', (code, signal) => {
      unwatch();
      killGroup();
      running = false;
      // The pipes close with the last process that holds them, so `close` is the end of the whole tree.
      const timer = options.clock.setTimer(LAST_BREATH_MS, () => {
        child.stdout.destroy();
        child.stderr.destroy();
      });
      child.on('close', () => {
        timer.cancel();
        resolve({ code, signal, excess });
      });
    });
  });
  return {
    pid: pid ?? 0,
    exited,
    write: (text) => void child.stdin.write(text),
    end: () => void child.stdin.end(),
    kill: () => {
      killGroup();
      return exited;
    },
    log: () => tail.text(),
  };
};
