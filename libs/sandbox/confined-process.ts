import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Clock } from '#libs/clock/index.ts';
import { endGroup, type Exit as ProgramExit, withFilter } from '#libs/programs/index.ts';
import { type Box, confine, type Sandbox } from './sandbox.ts';
import { type Excess, watchLimits } from './watch.ts';

/** How a confined program ended. */
export interface Exit extends ProgramExit {
  /** The limit for which the agent ended it. */
  excess: Excess | undefined;
}

/** A program that runs in a box. */
export type ConfinedProcess = ReturnType<typeof startConfined>;

const LOG_BYTES = 256 * 1024;
const LAST_BREATH_MS = 1_000;

/** Keeps the last `LOG_BYTES` of an endless output, and never more than twice as many. */
const createLog = () => {
  // A character for each byte, because a chunk may begin within a character.
  let kept = '';
  let added = 0;
  const shrink = (): void => {
    kept = kept.slice(-LOG_BYTES);
  };
  return {
    add: (chunk: Buffer): void => {
      kept += chunk.toString('latin1');
      added += chunk.length;
      if (kept.length > 2 * LOG_BYTES) {
        shrink();
      }
    },
    /** How many bytes came. */
    position: (): number => added,
    /** What came from this position on, the whole by default. If earlier output was dropped, the text begins with a whole line. */
    text: (from = 0): string => {
      shrink();
      const first = added - kept.length;
      const text = Buffer.from(kept.slice(Math.max(0, from - first)), 'latin1').toString('utf8');
      return first > from ? text.slice(text.indexOf('\n') + 1) : text;
    },
  };
};

/**
 * Starts a program in a box, at nice 10 and in a process group of its own, and ends it beyond a limit. `onOutput` gets
 * its stdout as it comes. With `keepOutput: false` stdout is data, and only stderr goes to the log.
 */
export const startConfined = (
  sandbox: Sandbox,
  box: Box,
  command: (at: (hostPath: string) => string) => readonly string[],
  options: { clock: Clock; onOutput?: (chunk: Buffer) => void; keepOutput?: boolean },
) => {
  const { argv, env } = confine(sandbox, box, command);
  const [program, ...args] = argv;
  // Detached, because one signal must reach the whole group, and a Ctrl-C in the terminal must not.
  const start = (further: readonly number[]) =>
    spawn(program, args, {
      env,
      cwd: box.workDir,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', ...further],
    }) as ChildProcessWithoutNullStreams;
  const isFiltered = sandbox.kind === 'bubblewrap' && sandbox.isFiltered;
  const child = isFiltered ? withFilter(start) : start([]);
  const log = createLog();
  child.stdout.on('data', (chunk: Buffer) => {
    if (options.keepOutput ?? true) {
      log.add(chunk);
    }
    options.onOutput?.(chunk);
  });
  child.stderr.on('data', log.add);
  child.stdin.on('error', () => undefined);

  const { pid } = child;
  // The pid may belong to another process after this one has been reaped.
  let isRunning = pid !== undefined;
  const killGroup = (): void => {
    if (isRunning && pid !== undefined) {
      endGroup(pid);
    }
  };
  let excess: Excess | undefined;
  const watching =
    pid === undefined
      ? undefined
      : watchLimits({ pid, ...box, clock: options.clock }, (over) => {
          excess = over;
          killGroup();
        });
  const exited = new Promise<Exit>((resolve) => {
    child.on('error', (error) => {
      log.add(Buffer.from(`${error.message}\n`));
      if (pid === undefined) {
        resolve({ code: null, signal: null, excess });
      }
    });
    child.on('exit', (code, signal) => {
      void watching?.stop();
      killGroup();
      isRunning = false;
      // The pipes close with the last process that has them open: `close` means that the whole tree has ended.
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
    /** The outermost process, of which the program is a descendant. 0 if the start failed. */
    pid: pid ?? 0,
    /** Resolves when the program and, within a second after it, all that it started have ended. Never rejects. */
    exited,
    /** Its stdin, for what must not come faster than it reads. */
    input: child.stdin,
    /** Writes to its stdin. Input after its end is lost. */
    write: (text: string): void => void child.stdin.write(text),
    /** Ends the whole tree at once; resolves like `exited`. */
    kill: (): Promise<Exit> => {
      killGroup();
      return exited;
    },
    /** The last 256 KiB of what it wrote to stdout and stderr. */
    log: log.text,
    /** How many bytes it wrote so far. */
    logPosition: log.position,
  };
};
