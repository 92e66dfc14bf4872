import { AsyncLocalStorage } from 'node:async_hooks';
import type { TraceContext } from './traceparent.ts';

/** Carries the current trace through awaits and callbacks. OpenTelemetry's context manager can implement it. */
export interface ContextCarrier {
  current(): TraceContext | undefined;
  run<T>(context: TraceContext, fn: () => T): T;
}

/** A carrier that uses Node's AsyncLocalStorage. */
export const asyncLocalCarrier = (): ContextCarrier => {
  const storage = new AsyncLocalStorage<TraceContext>();
  return { current: () => storage.getStore(), run: (context, fn) => storage.run(context, fn) };
};

let installed: ContextCarrier = asyncLocalCarrier();

/** Replaces the carrier of this process. Call it before the first request: running work keeps the old carrier. */
export const installCarrier = (carrier: ContextCarrier): void => {
  installed = carrier;
};

/** The carrier of this process. */
export const carrier = (): ContextCarrier => installed;
