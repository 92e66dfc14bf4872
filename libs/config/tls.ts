import { ConfigError } from './config-error.ts';
import { certificateFile, privateKeyFile } from './variables/pem.ts';

/** Paths of PEM files. Callers prove themselves by token, so a server asks nobody for a certificate. */
export interface TlsFiles {
  /** What a server shows; only together with `key`. Clients ignore both. */
  cert?: string;
  key?: string;
  /** The authority that a client checks servers against; default: the ones that Node brings. Servers ignore it. */
  ca?: string;
}

/** The variables that every server and client takes; spread them into a schema. */
export const tlsVariables = {
  MUSTER_TLS_CERT: certificateFile().optional(),
  MUSTER_TLS_KEY: privateKeyFile().optional(),
  MUSTER_TLS_CA: certificateFile().optional(),
};

/**
 * Groups them; undefined when none is set, which means plain text.
 *
 * @throws ConfigError when a certificate comes without its key or the other way round
 */
export const tlsFiles = (read: {
  MUSTER_TLS_CERT?: string | undefined;
  MUSTER_TLS_KEY?: string | undefined;
  MUSTER_TLS_CA?: string | undefined;
}): TlsFiles | undefined => {
  const { MUSTER_TLS_CERT: cert, MUSTER_TLS_KEY: key, MUSTER_TLS_CA: ca } = read;
  if ((cert === undefined) !== (key === undefined)) {
    const [missing, present] = cert === undefined ? ['CERT', 'KEY'] : ['KEY', 'CERT'];
    throw new ConfigError([{ name: `MUSTER_TLS_${missing}`, problem: `must be set, as MUSTER_TLS_${present} is` }]);
  }
  if (cert === undefined && ca === undefined) {
    return undefined;
  }
  return { ...(cert && key ? { cert, key } : {}), ...(ca ? { ca } : {}) };
};
