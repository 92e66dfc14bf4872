/** Logs without secrets, and the trace that connects the logs of one request. */
export { createLogger, type Logger, type LogLevel, logLevels } from './logger.ts';
export { currentTrace, extractTrace, injectTrace, startTrace, withTrace } from './trace.ts';
