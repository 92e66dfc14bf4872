/** Logs without secrets, and the trace that connects the logs of one request. */
export { installCarrier, type ContextCarrier } from './carrier.ts';
export {
  createLogger,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  logLevels,
} from './logger.ts';
export { extractTrace, injectTrace, type StringMap } from './propagation.ts';
export { currentTrace, startTrace, withTrace } from './trace.ts';
export { formatTraceparent, parseTraceparent, type TraceContext } from './traceparent.ts';
