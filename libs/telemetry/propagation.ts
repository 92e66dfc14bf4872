import { currentTrace } from './trace.ts';
import { formatTraceparent, parseTraceparent, type TraceContext } from './traceparent.ts';

/** Headers of any transport. A `Map<string, string>` is one; gRPC metadata and NATS headers need two lines. */
export interface StringMap {
  get(name: string): string | undefined;
  set(name: string, value: string): unknown;
}

const HEADER = 'traceparent';

/** Writes the trace (default: the current one) as `traceparent`, if there is one. */
export const injectTrace = (headers: Pick<StringMap, 'set'>, context = currentTrace()): void => {
  if (context !== undefined) {
    headers.set(HEADER, formatTraceparent(context));
  }
};

/** The trace of the other side; undefined if it sent none or a malformed one. */
export const extractTrace = (headers: Pick<StringMap, 'get'>): TraceContext | undefined => {
  const header = headers.get(HEADER);
  return header === undefined ? undefined : parseTraceparent(header);
};
