import { systemRandom } from '#libs/random/index.ts';
import { carrier } from './carrier.ts';
import type { TraceContext } from './traceparent.ts';

/** The trace of the work going on right now, if it belongs to one. */
export const currentTrace = (): TraceContext | undefined => carrier().current();

/** Runs `fn`, and everything it awaits or schedules, as part of the trace; returns what it returns. */
export const withTrace = <T>(context: TraceContext, fn: () => T): T => carrier().run(context, fn);

/**
 * A new step: of the parent's trace, or the first one of a new trace. It does not become the present one by itself;
 * see {@link withTrace}. Ids come from the operating system, never from an injected source: they mean nothing to the
 * work, and must differ between replayed runs.
 */
export const startTrace = (parent: TraceContext | undefined = currentTrace()): TraceContext => ({
  traceId: parent?.traceId ?? hex(16),
  spanId: hex(8),
  isSampled: parent?.isSampled ?? false,
});

const hex = (bytes: number): string => Buffer.from(systemRandom.bytes(bytes)).toString('hex');
