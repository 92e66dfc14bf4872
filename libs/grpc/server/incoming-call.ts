import type { Metadata } from '@grpc/grpc-js';
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
export interface IncomingCall extends CallContext {
  method: BoundMethod;
  exchange: Exchange;
  metadata: Metadata;
  /** Sent with the status. */
  trailers: Metadata;
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
