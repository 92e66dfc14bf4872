import type { Metadata } from '@grpc/grpc-js';
import type { Caller } from '#libs/auth/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { CallContext } from '../call-context.ts';
import type { BoundMethod, Exchange } from './binding.ts';

/** The first value of a header, if there is one and it is text. */
export const header = (metadata: Metadata, name: string): string | undefined => {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : undefined;
};

/** The caller's token; undefined if there is none, or nothing that looks like one. */
export const tokenOf = (metadata: Metadata): string | undefined =>
  /^bearer +(\S+)$/i.exec(header(metadata, 'authorization') ?? '')?.[1];

/** A call on its way through the wrappers. Each wrapper may add to it before it passes it on. */
export interface IncomingCall {
  method: BoundMethod;
  exchange: Exchange;
  metadata: Metadata;
  /** Sent with the status. */
  trailers: Metadata;
  peer: string;
  signal: AbortSignal;
  draining: AbortSignal;
  /** Ends the call from inside; `reason` becomes its status and the reason of `signal`. */
  abort: (reason: unknown) => void;
  deadlineMs: number | undefined;
  requestId: string;
  log: Logger;
  caller: Caller | undefined;
  /** Fields of the log line at the end, beside method, status and time. */
  said: Record<string, unknown>;
}

/** Answers a call; throws if it refuses the call or fails. */
export type Handle = (call: IncomingCall) => Promise<void>;

/** One concern of every rpc, around the handler. */
export type Wrapper = (call: IncomingCall, next: Handle) => Promise<void>;

/** The first wrapper is the outermost. */
export const wrap = (wrappers: readonly Wrapper[], handle: Handle): Handle =>
  wrappers.reduceRight<Handle>((next, wrapper) => (call) => wrapper(call, next), handle);

/** The part that the handler sees. */
export const contextOf = (call: IncomingCall): CallContext => ({
  caller: call.caller,
  signal: call.signal,
  abort: call.abort,
  draining: call.draining,
  requestId: call.requestId,
  log: call.log,
  deadlineMs: call.deadlineMs,
  peer: call.peer,
  token: tokenOf(call.metadata),
  header: (name) => header(call.metadata, name),
  userAgent: header(call.metadata, 'user-agent') ?? '',
});
