import { systemRandom } from '#libs/random/index.ts';
import { carrier } from './carrier.ts';
import type { TraceContext } from './traceparent.ts';

/** The trace of the current work, if it has one. */
export const currentTrace = (): TraceContext | undefined => carrier().current();

/** Runs `fn`, with everything that it awaits or schedules, as part of the trace. Returns its result. */
export const withTrace = <T>(context: TraceContext, fn: () => T): T => carrier().run(context, fn);

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
