import { AsyncLocalStorage } from 'node:async_hooks';
import { systemRandom } from '#libs/random/index.ts';

/** The place of some work in a trace. Source of the format: W3C Trace Context, level 1. */
interface TraceContext {
  /** 32 lower-case hex digits, not all zero; the same in every process that a request reaches. */
  traceId: string;
  /** The id of the current span: 16 lower-case hex digits, not all zero. */
  spanId: string;
  /** Whether this trace is recorded. */
  isSampled: boolean;
}

const storage = new AsyncLocalStorage<TraceContext>();

/** The trace of the current work, if it has one. */
export const currentTrace = (): TraceContext | undefined => storage.getStore();

/** Runs `fn`, with everything that it awaits or schedules, as part of the trace. Returns its result. */
export const withTrace = <T>(context: TraceContext, fn: () => T): T => storage.run(context, fn);

/**
 * A new span: of the parent's trace, or the first of a new trace. {@link withTrace} makes it current. Its ids come from the
 * operating system and not from an injected source, because replayed runs need different ones.
 */
export const startTrace = (parent: TraceContext | undefined = currentTrace()): TraceContext => ({
  traceId: parent?.traceId ?? hex(16),
  spanId: hex(8),
  isSampled: parent?.isSampled ?? false,
});

const hex = (bytes: number): string => Buffer.from(systemRandom.bytes(bytes)).toString('hex');

const HEADER = 'traceparent';
const FORMAT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED_FLAG = 0x01;

/** Writes the current trace, if there is one, into the headers of any transport as `traceparent` of version 00. */
export const injectTrace = (headers: { set(name: string, value: string): unknown }): void => {
  const trace = currentTrace();
  if (trace !== undefined) {
    const { traceId, spanId, isSampled } = trace;
    headers.set(HEADER, `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`);
  }
};

/** The trace of the other side; undefined if it sent none or a malformed one. */
export const extractTrace = (headers: {
  get(name: string): string | undefined;
}): TraceContext | undefined => parseTraceparent(headers.get(HEADER) ?? '');

/**
 * Reads a `traceparent` header. A malformed one is undefined, as the standard requires: it starts a new trace and does
 * not fail the request. Later versions may append fields, version 00 may not; ff is no version.
 */
export const parseTraceparent = (header: string): TraceContext | undefined => {
  const [, version, traceId = '', spanId = '', flags = '', rest] = FORMAT.exec(header.trim()) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) {
    return undefined;
  }
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) {
    return undefined;
  }
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED_FLAG) !== 0 };
};
