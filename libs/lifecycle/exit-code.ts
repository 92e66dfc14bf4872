import type { ConfigError } from '#libs/config/index.ts';

/** How a service process ends. */
export const ExitCode = {
  /** It was asked to stop and everything was finished and closed. */
  CLEAN: 0,
  /** It could not start, something unforeseen was thrown, or the drain was cut short. */
  FAILED: 1,
  /** Its configuration is wrong; every problem was printed to stderr. */
  CONFIG: 2,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Tells a person, on stderr and not as JSON, everything that is wrong with the configuration. */
export const refuseToStart = (name: string, error: ConfigError): ExitCode => {
  process.stderr.write(`${name} cannot start:\n${error.message.replaceAll(/^/gm, '  ')}\n`);
  return ExitCode.CONFIG;
};
