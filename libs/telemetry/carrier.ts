import { AsyncLocalStorage } from 'node:async_hooks';
import type { TraceContext } from './traceparent.ts';

/** Carries the present trace through awaits and callbacks. OpenTelemetry's context manager fits behind it. */
export interface ContextCarrier {
  current(): TraceContext | undefined;
  run<T>(context: TraceContext, fn: () => T): T;
}

/** The carrier on Node's own AsyncLocalStorage. */
export const asyncLocalCarrier = (): ContextCarrier => {
  const storage = new AsyncLocalStorage<TraceContext>();
  return { current: () => storage.getStore(), run: (context, fn) => storage.run(context, fn) };
};

let installed: ContextCarrier = asyncLocalCarrier();

/** Replaces the carrier of this process. Before the first request only: what runs already keeps the old one. */
export const installCarrier = (carrier: ContextCarrier): void => {
  installed = carrier;
};

/** The carrier of this process. */
export const carrier = (): ContextCarrier => installed;
