import { addAbortListener } from 'node:events';
import type { Client as Channel, Metadata } from '@grpc/grpc-js';
import { type DomainError, fromServiceError } from '#libs/errors/index.ts';
import { CALL_OVER, callCancelled } from '../endings.ts';
import { createSender } from '../sender.ts';

/** A call in bytes. On the wire all four kinds of rpc are the same: messages in both directions. */
export interface OutgoingCall {
  send: (message: Buffer) => Promise<void>;
  end: () => void;
  cancel: () => void;
  /** Ends if the status is OK and throws a DomainError otherwise. Leaving the loop cancels the call. */
  responses: AsyncIterable<Buffer>;
  /** Aborts when the call is over; its reason is the call's error. */
  over: AbortSignal;
}

interface OutgoingOptions {
  /** At most 20 days are used; Infinity means no deadline. */
  deadlineMs: number;
  /** Any of them cancels the call. */
  signals: readonly AbortSignal[];
  explain?: ((error: DomainError) => DomainError) | undefined;
}

// grpc-js counts milliseconds in 31 bits: a longer deadline would already have passed.
const MAX_DEADLINE_MS = 20 * 86_400_000;

/** Begins a call. It never throws: `responses` and `send` report errors. */
export const openCall = (
  channel: Channel,
  path: string,
  metadata: Metadata,
  { deadlineMs, signals, explain = (error) => error }: OutgoingOptions,
): OutgoingCall => {
  const over = new AbortController();
  if (signals.some(({ aborted }) => aborted)) {
    over.abort(callCancelled());
    return {
      send: async () => over.signal.throwIfAborted(),
      end: () => {},
      cancel: () => {},
      responses: failed(over.signal),
      over: over.signal,
    };
  }
  const deadline = Number.isFinite(deadlineMs)
    ? Date.now() + Math.min(deadlineMs, MAX_DEADLINE_MS)
    : Number.POSITIVE_INFINITY;
  const stream = channel.makeBidiStreamRequest(path, asTheyAre, asTheyAre, metadata, { deadline });
  const cancel = (): void => stream.cancel();
  const listeners = signals.map((signal) => addAbortListener(signal, cancel));
  // Before the first read, grpc-js buffers everything that the server sends, without bound.
  stream.read(0);
  let failure: DomainError | undefined;
  stream.on('error', (error) => {
    failure = explain(fromServiceError(error));
    over.abort(failure);
  });
  stream.on('status', () => {
    for (const listener of listeners) {
      listener[Symbol.dispose]();
    }
    over.abort(CALL_OVER);
  });
  async function* responses(): AsyncGenerator<Buffer, void> {
    try {
      yield* stream.iterator({ destroyOnReturn: false });
    } catch (error) {
      throw failure ?? explain(fromServiceError(error));
    } finally {
      stream.cancel();
    }
    // To the iterator, an error before the first iteration looks like the end.
    if (failure !== undefined) {
      throw failure;
    }
  }
  return {
    send: createSender(stream, over.signal).send,
    end: () => stream.end(),
    cancel,
    responses: responses(),
    over: over.signal,
  };
};

const asTheyAre = (bytes: Buffer): Buffer => bytes;

// eslint-disable-next-line require-yield
async function* failed(over: AbortSignal): AsyncGenerator<Buffer, void> {
  over.throwIfAborted();
}
