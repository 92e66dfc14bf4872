import { spawn } from 'node:child_process';
import type { Clock } from '#libs/clock/index.ts';
import { logTail } from './log-tail.ts';
import { type Box, confine, type Sandbox } from './sandbox.ts';
import { type Excess, watchLimits } from './watch.ts';

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The limit for which the agent ended it. */
  excess: Excess | undefined;
}

/** A program that runs in a box. */
export interface ConfinedProcess {
  /** The outermost process, of which the program is a descendant. 0 if the start failed. */
  readonly pid: number;
  /** Resolves when the program has ended and, within a second after it, everything that it started. Never rejects. */
  readonly exited: Promise<Exit>;
  /** Writes to its stdin. Input after its end is lost. */
  write(text: string): void;
  /** Closes its stdin. */
  end(): void;
  /** Ends the whole tree at once; resolves like `exited`. */
  kill(): Promise<Exit>;
  /** The last 256 KiB of what it wrote to stdout and stderr. */
  log(): string;
}

const LOG_BYTES = 256 * 1024;
const LAST_BREATH_MS = 1_000;

/**
 * Starts a program in a box, at nice 10 and in a process group of its own. `onOutput` gets its stdout as it
 * comes. With `keepOutput: false` stdout is data, and only stderr goes to the log. If the program exceeds a
 * limit, it is ended, and `exited` names the limit.
 */
export const startConfined = (
  sandbox: Sandbox,
  box: Box,
  command: (at: (hostPath: string) => string) => readonly string[],
  options: { clock: Clock; onOutput?: (chunk: Buffer) => void; keepOutput?: boolean },
): ConfinedProcess => {
  const { argv, env } = confine(sandbox, box, command);
  const [program, ...args] = argv;
  // Detached, because one signal must reach the whole group, and a Ctrl-C in the terminal must not.
  const child = spawn(program, args, {
    env,
    cwd: box.workDir,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
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
  // The pid may belong to another process after this one has been reaped.
  let running = pid !== undefined;
  const killGroup = (): void => {
    if (running && pid !== undefined) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // The group is empty.
      }
    }
  };
  let excess: Excess | undefined;
  const unwatch =
    pid === undefined
      ? () => undefined
      : watchLimits(
          { pid, workDir: box.workDir, limits: box.limits, clock: options.clock },
          (over) => {
            excess = over;
            killGroup();
          },
        );
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
      // The pipes close with the last process that has them open, so `close` means that the whole tree has
      // ended.
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
