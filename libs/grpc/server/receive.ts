import { setImmediate } from 'node:timers/promises';
import { constants, type Http2Stream } from 'node:http2';
import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import type { Clock } from '#libs/clock/index.ts';
import { toServiceError } from '#libs/errors/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { callCancelled, deadlineExceeded } from '../endings.ts';
import { createSender } from '../sender.ts';
import type { BoundMethod } from './binding.ts';
import { type Handle, header, type IncomingCall, tokenOf } from './incoming-call.ts';

/** A call of any of the four kinds. On the wire they are the same: messages in both directions. */
export type RawCall = ServerDuplexStream<Buffer, Buffer>;

/** How long after the end of a call its caller may take to read everything before it is cut off. */
const LAST_WORDS_MS = 5_000;

/** Calls the handler of a call and sends the call's status. Never throws. Resolves when it will send nothing more. */
export const receive = async (
  raw: RawCall,
  method: BoundMethod,
  { handle, clock, log, draining, opened }: Receiver,
): Promise<void> => {
  const controller = new AbortController();
  const { signal } = controller;
  const abort = (reason: unknown): void => controller.abort(reason);
  const { metadata } = raw;
  const deadline = Number(raw.getDeadline());
  // Only before the status is known: after that, this event also means a regular end.
  const onCancelled = (): void =>
    abort(Date.now() >= deadline ? deadlineExceeded() : callCancelled());
  raw.once('cancelled', onCancelled);
  const { send, written } = createSender(raw, signal);
  const call: IncomingCall = {
    method,
    exchange: { messages: read(raw, signal), send },
    metadata,
    trailers: new Metadata(),
    peer: raw.getPeer(),
    signal,
    draining,
    abort,
    standAside: () => {},
    deadlineMs: Number.isFinite(deadline) ? Math.max(0, deadline - Date.now()) : undefined,
    requestId: '',
    log,
    caller: undefined,
    token: tokenOf(metadata),
    header: (name) => header(metadata, name),
    userAgent: header(metadata, 'user-agent') ?? '',
    said: {},
  };
  const close = opened(call);
  const outcome = await handle(call).then(
    () => undefined,
    (thrown: unknown) => toServiceError(thrown),
  );
  raw.off('cancelled', onCancelled);
  const finished = ended(raw, clock);
  if (outcome === undefined) {
    raw.end(call.trailers);
  } else {
    outcome.metadata.merge(call.trailers);
    // On an error the iterator over the requests destroys the stream, and with it the messages that wait to be written.
    await Promise.race([written(), finished]);
    raw.emit('error', outcome);
  }
  await finished;
  close();
};

interface Receiver {
  handle: Handle;
  clock: Clock;
  log: Logger;
  draining: AbortSignal;
  /** Called at the beginning of each call; returns the function to call at its end. */
  opened: (call: IncomingCall) => () => void;
}

/** Resolves when the status is on its way, or the caller is gone. */
const ended = (raw: RawCall, clock: Clock): Promise<void> =>
  new Promise((resolve) => {
    const timer = clock.setTimer(LAST_WORDS_MS, () => {
      resetStream(raw);
      resolve();
    });
    const done = (): void => {
      timer.cancel();
      resolve();
    };
    raw.once('finish', done);
    raw.once('cancelled', done);
    if (raw.cancelled) {
      done();
    }
  });

/** A caller that vanishes looks like one that ended its requests, until grpc-js reports the cancellation a moment later. */
async function* read(raw: RawCall, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  yield* raw.iterator({ destroyOnReturn: false });
  await setImmediate();
  signal.throwIfAborted();
}

/**
 * Closes a call with RST_STREAM, because a status would wait behind messages that the caller does not read. grpc-js has no
 * function for that, so this reaches for the HTTP/2 stream inside; a spec notices if it moves.
 */
const resetStream = (raw: RawCall): void => {
  const { call } = raw as unknown as { call?: { stream?: Http2Stream } };
  call?.stream?.close(constants.NGHTTP2_CANCEL);
};
