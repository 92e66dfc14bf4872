import {
  pino,
  type DestinationStream,
  type Logger as PinoLogger,
  type LoggerOptions as LoggerSettings,
} from 'pino';
import { build as prettyStream } from 'pino-pretty';
import { REDACTED, redactFields, redactText } from './redact.ts';
import { currentTrace } from './trace.ts';

/** A structured logger: `log.info({ workload }, 'workload started')`. */
export type Logger = PinoLogger;

/** From the most lines to the fewest; `silent` logs nothing. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

interface LoggerOptions {
  /** Written in every line. */
  service: string;
  /** Default `info`. */
  level?: LogLevel;
  /** Whether lines are for people instead of JSON. Default false. */
  pretty?: boolean;
  /** Where lines go. Default: stdout, written synchronously, because the last lines before an end would be lost otherwise. */
  destination?: DestinationStream;
}

// The fields of `logger.child` bypass the formatters, so pino's own redaction gets their names.
const CHILD_SECRETS = 'authorization cookie credentials jwk key password secret token'.split(' ');

/** The text of a line that has only an error. Pino would use the error's text with its credentials. */
const textOf = (first: unknown): string | undefined => {
  const err = typeof first === 'object' && first !== null && 'err' in first ? first.err : first;
  return err instanceof Error ? redactText(err.message) : undefined;
};

/** A logger without secrets, as {@link redactFields} leaves them out. Within a trace each line has a `traceId`. */
export const createLogger = ({
  service,
  level = 'info',
  pretty = false,
  destination,
}: LoggerOptions): Logger => {
  const plain = destination ?? pino.destination({ dest: 1, sync: true });
  const options: LoggerSettings = {
    level,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: (fields) => redactFields(fields) },
    redact: { paths: CHILD_SECRETS, censor: REDACTED },
    // The redaction has serialised errors already; pino's own serialiser would copy all their fields.
    serializers: { err: (err: unknown) => err },
    hooks: {
      logMethod([first, text, ...rest], method) {
        const [fields, said] =
          typeof first === 'string'
            ? [redactText(first), redactArgument(text)]
            : [first, typeof text === 'string' ? redactText(text) : textOf(first)];
        method.call(this, fields, said, ...rest.map(redactArgument));
      },
    },
    mixin: () => {
      const trace = currentTrace();
      return trace === undefined ? {} : { traceId: trace.traceId };
    },
  };
  return pino(
    options,
    pretty
      ? prettyStream({ destination: plain, ignore: 'pid', translateTime: 'HH:MM:ss.l' })
      : plain,
  );
};

const redactArgument = <T>(argument: T): T | string =>
  typeof argument === 'string' ? redactText(argument) : argument;
