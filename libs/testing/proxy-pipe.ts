import type { Socket } from 'node:net';

/** One direction of a connection through the proxy. */
export interface Pipe {
  /** Passes on the bytes that are held back. */
  release(): void;
  /** Whether bytes were thrown away. */
  hasLost(): boolean;
  stop(): void;
}

interface PipeOptions {
  from: Socket;
  to: Socket;
  mode: () => 'pass' | 'hold' | 'drop';
  delayMs: () => number;
  /** Called when bytes were held back or thrown away. */
  caught: () => void;
  /** Called when bytes came. */
  seen: (bytes: Buffer) => void;
}

/** If more than this is held back or under way, the sender has to wait, as for a receive window. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;

/** What one side sent: bytes, the end of its stream, or a reset. */
type Sent = Buffer | 'end' | 'reset';

const sizeOf = (sent: Sent): number => (typeof sent === 'string' ? 0 : sent.length);

/** Passes on what `from` sends, in order, including a reset or an end. */
export const createPipe = ({ from, to, mode, delayMs, caught, seen }: PipeOptions): Pipe => {
  const queue: { sent: Sent; dueMs: number }[] = [];
  let queuedBytes = 0;
  let lost = false;
  let timer: NodeJS.Timeout | undefined;

  const forward = (): void => {
    clearTimeout(timer);
    for (let first = queue[0]; first !== undefined && mode() !== 'hold'; first = queue[0]) {
      const waitMs = first.dueMs - performance.now();
      if (waitMs > 0) {
        timer = setTimeout(forward, waitMs);
        return;
      }
      queue.shift();
      queuedBytes -= sizeOf(first.sent);
      deliver(first.sent);
    }
    resumeIfRoom();
  };
  const deliver = (sent: Sent): void => {
    if (to.destroyed) {
      return;
    }
    if (sent === 'end') {
      to.end();
    } else if (sent === 'reset') {
      to.resetAndDestroy();
    } else {
      to.write(sent);
    }
  };
  const isFull = (): boolean =>
    queuedBytes >= MAX_QUEUED_BYTES || (to.writableNeedDrain && !to.destroyed);
  const resumeIfRoom = (): void => {
    if (!isFull()) {
      from.resume();
    }
  };
  const take = (sent: Sent): void => {
    if (mode() !== 'pass') {
      caught();
    }
    if (mode() === 'drop') {
      lost = true;
      return;
    }
    queue.push({ sent, dueMs: performance.now() + delayMs() });
    queuedBytes += sizeOf(sent);
    forward();
    if (isFull()) {
      from.pause();
    }
  };

  from.on('data', (bytes: Buffer) => {
    seen(bytes);
    take(bytes);
  });
  from.once('end', () => take('end'));
  from.once('error', () => take('reset'));
  to.on('drain', resumeIfRoom);
  to.once('close', resumeIfRoom);
  return {
    release: forward,
    hasLost: () => lost,
    stop: () => {
      clearTimeout(timer);
      queue.length = 0;
    },
  };
};
