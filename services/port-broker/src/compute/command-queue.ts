import { abortable } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { isDomainError } from '#libs/errors/index.ts';
import type { Command } from './command.ts';
import {
  commandNotSent,
  commandTimedOut,
  replyUnreadable,
  tooManyCommands,
  workerLost,
} from './errors.ts';
import { parseReply, type Reply } from './reply.ts';

export interface Answered {
  reply: Reply;
  /** Milliseconds since the worker got it. */
  tookMs: number;
  /** 0: not known. */
  memoryBytes: number;
}

/** How a command ended, for the log. */
export interface Ending {
  outcome: 'answered' | 'late' | 'unknown';
  /** undefined: nobody knows. */
  tookMs?: number;
  success: boolean;
  error: string;
  memoryBytes?: number;
}

interface CommandQueueOptions {
  clock: Clock;
  /** Sends the worker a message and resolves to its answer. Rejects if the connection breaks or the signal aborts. */
  ask: (text: string, signal: AbortSignal) => Promise<Buffer>;
  /** Resolves when the worker has done everything that it was asked. */
  whenFree: (signal: AbortSignal) => Promise<void>;
  memoryBytes: () => Promise<number>;
  /** Records a command that goes to the worker. Returns a function that records its end. */
  begun: (name: string) => (ending: Ending) => void;
  /** Whether the worker may still be busy with a command of an earlier process. */
  isAdopted: boolean;
}

/** The commands of one session, one after the other. */
export interface CommandQueue {
  /** Rejects with the errors of `SendCommand`. */
  send(command: Command, timeoutMs: number, signal: AbortSignal): Promise<Answered>;
  isBusy(): boolean;
  queued(): number;
  /** When the last command came or ended, monotonic milliseconds. */
  usedAt(): number;
  /** To be called when the worker is gone. Rejects all waiting commands with `why`. */
  close(why: string): void;
}

const MAX_QUEUED = 100;
const END_KNOWN_MS = 1_000;

export const createCommandQueue = (options: CommandQueueOptions): CommandQueue => {
  const { clock, ask, whenFree, memoryBytes, begun, isAdopted } = options;
  const lost = new AbortController();
  let isBusy = isAdopted;
  let queued = 0;
  let usedAt = clock.monotonic();
  const rest = (): void => {
    isBusy = false;
    usedAt = clock.monotonic();
  };
  /** Resolves when the worker can take the next command, or is gone. */
  let turn: Promise<void> = isAdopted ? whenFree(lost.signal).then(rest, rest) : Promise.resolve();

  /** Sends a command and records its end, also if the caller has left. `free` resolves when the worker is free. */
  const execute = (command: Command, isLate: () => boolean) => {
    const ended = begun(command.name);
    const from = clock.monotonic();
    const answered = (async (): Promise<Answered> => {
      const bytes = await ask(command.text, lost.signal).catch(async (thrown: unknown) => {
        // The connection also breaks when the worker ends. The queue learns a moment later why it ended.
        await clock.sleep(END_KNOWN_MS, lost.signal).catch(() => undefined);
        throw thrown;
      });
      const tookMs = clock.monotonic() - from;
      const resident = await memoryBytes().catch(() => 0);
      const about = {
        outcome: isLate() ? 'late' : 'answered',
        tookMs,
        memoryBytes: resident,
      } as const;
      try {
        const reply = await parseReply(bytes);
        ended({ ...about, success: reply.isSuccess, error: reply.error });
        return { reply, tookMs, memoryBytes: resident };
      } catch (thrown) {
        ended({ ...about, success: false, error: 'its reply cannot be read' });
        throw replyUnreadable(command.name, thrown);
      }
    })();
    const free = answered.then(
      () => undefined,
      async (thrown: unknown) => {
        if (isReplyUnreadable(thrown)) {
          return;
        }
        ended({
          outcome: 'unknown',
          success: false,
          error: lost.signal.aborted ? 'the worker ended' : 'the way to it broke',
        });
        // The worker may still be busy with it.
        if (!lost.signal.aborted) {
          await whenFree(lost.signal).catch(() => undefined);
        }
      },
    );
    return { answered, free };
  };

  return {
    send: async (command, timeoutMs, signal) => {
      lost.signal.throwIfAborted();
      if (queued >= MAX_QUEUED) {
        throw tooManyCommands(queued);
      }
      const patience = AbortSignal.any([AbortSignal.timeout(Math.max(0, timeoutMs)), signal]);
      const before = turn;
      const { promise: done, resolve: release } = Promise.withResolvers<void>();
      turn = before.then(() => done);
      usedAt = clock.monotonic();
      queued += 1;
      try {
        await abortable(before, AbortSignal.any([patience, lost.signal]));
        patience.throwIfAborted();
      } catch (thrown) {
        release();
        lost.signal.throwIfAborted();
        throw signal.aborted ? thrown : commandNotSent(timeoutMs);
      } finally {
        queued -= 1;
      }
      isBusy = true;
      const { answered, free } = execute(command, () => patience.aborted);
      void free.then(rest).then(release);
      try {
        return await abortable(answered, AbortSignal.any([patience, lost.signal]));
      } catch (thrown) {
        lost.signal.throwIfAborted();
        if (!patience.aborted) {
          throw isReplyUnreadable(thrown)
            ? thrown
            : workerLost('the way to its worker broke', true);
        }
        throw signal.aborted ? thrown : commandTimedOut(command.name, timeoutMs);
      }
    },
    isBusy: () => isBusy,
    queued: () => queued,
    usedAt: () => usedAt,
    close: (why) => lost.abort(workerLost(why, false)),
  };
};

const isReplyUnreadable = (thrown: unknown): boolean =>
  isDomainError(thrown) && thrown.reason === 'REPLY_UNREADABLE';
