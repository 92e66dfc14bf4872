/** What a process tells about itself: logs without secrets, and the trace that ties the logs of one request together. */
export { installCarrier, type ContextCarrier } from './carrier.ts';
export { createLogger, type Logger, type LoggerOptions, type LogLevel, logLevels } from './logger.ts';
export { extractTrace, injectTrace, type StringMap } from './propagation.ts';
export { currentTrace, startTrace, withTrace } from './trace.ts';
export { formatTraceparent, parseTraceparent, type TraceContext } from './traceparent.ts';
