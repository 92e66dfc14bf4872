import type { ConfigError } from '#libs/config/index.ts';
import { ExitCode } from './exit-code.ts';

/** Tells a person, on stderr and not as JSON, everything that is wrong with the configuration. */
export const refuseToStart = (name: string, error: ConfigError): ExitCode => {
  process.stderr.write(`${name} cannot start:\n${error.message.replaceAll(/^/gm, '  ')}\n`);
  return ExitCode.CONFIG;
};
