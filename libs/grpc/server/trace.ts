import { extractTrace, startTrace, withTrace } from '#libs/telemetry/index.ts';
import { header } from './header.ts';
import type { Wrapper } from './incoming-call.ts';

/** Runs the call as a span of the caller's trace, or of a new trace. */
export const trace: Wrapper = (call, next) => {
  const parent = extractTrace({ get: (name) => header(call.metadata, name) });
  return withTrace(startTrace(parent), () => next(call));
};
