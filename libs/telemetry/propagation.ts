import { currentTrace } from './trace.ts';
import { formatTraceparent, parseTraceparent, type TraceContext } from './traceparent.ts';

/** Headers of any transport: a `Map<string, string>` is one; gRPC metadata and NATS headers need two lines. */
export interface StringMap {
  get(name: string): string | undefined;
  set(name: string, value: string): unknown;
}

const HEADER = 'traceparent';

/** Writes the trace (default: the present one) as `traceparent`; nothing when there is none. */
export const injectTrace = (headers: Pick<StringMap, 'set'>, context = currentTrace()): void => {
  if (context !== undefined) {
    headers.set(HEADER, formatTraceparent(context));
  }
};

/** The trace that the other side is in; undefined when it says none or something malformed. */
export const extractTrace = (headers: Pick<StringMap, 'get'>): TraceContext | undefined => {
  const header = headers.get(HEADER);
  return header === undefined ? undefined : parseTraceparent(header);
};
