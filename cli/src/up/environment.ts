import type { TlsFiles } from '#libs/config/index.ts';
import type { CliEnvironment } from '../cli.ts';

/** The variables that users may set for a mesh; `up` sets all others that begin with MUSTER_. */
const passedOn = /^MUSTER_(PLAN|LOG|AGENT)_/;

/** What every child inherits: the user's environment without the variables of other meshes and of this command. */
export const inheritedEnvironment = (
  env: CliEnvironment['inherited'],
): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('MUSTER_') || passedOn.test(name)),
  );

/** The variables that name the TLS files of every server and client. */
export const tlsEnvironment = (tls: TlsFiles | undefined): Record<string, string> => ({
  ...(tls?.cert === undefined ? {} : { MUSTER_TLS_CERT: tls.cert }),
  ...(tls?.key === undefined ? {} : { MUSTER_TLS_KEY: tls.key }),
  ...(tls?.ca === undefined ? {} : { MUSTER_TLS_CA: tls.ca }),
});
