import { ConfigError } from './config-error.ts';
import { certificateFile, privateKeyFile } from './variables/pem.ts';

/** Paths of PEM files. A server asks no caller for a certificate, because callers send a token. */
export interface TlsFiles {
  /** The certificate of a server; needs `key`. Clients ignore both. */
  cert?: string;
  key?: string;
  /** The authority that a client trusts; default: those that come with Node. Servers ignore it. */
  ca?: string;
}

/** The variables that every server and client takes; spread them into a schema. */
export const tlsVariables = {
  MUSTER_TLS_CERT: certificateFile().optional(),
  MUSTER_TLS_KEY: privateKeyFile().optional(),
  MUSTER_TLS_CA: certificateFile().optional(),
};

/**
 * Groups the variables. Undefined means that none is set, and so plain text.
 *
 * @throws ConfigError if a certificate comes without its key, or a key without its certificate
 */
export const tlsFiles = (read: {
  MUSTER_TLS_CERT?: string | undefined;
  MUSTER_TLS_KEY?: string | undefined;
  MUSTER_TLS_CA?: string | undefined;
}): TlsFiles | undefined => {
  const { MUSTER_TLS_CERT: cert, MUSTER_TLS_KEY: key, MUSTER_TLS_CA: ca } = read;
  if ((cert === undefined) !== (key === undefined)) {
    const [missing, present] = cert === undefined ? ['CERT', 'KEY'] : ['KEY', 'CERT'];
    throw new ConfigError([
      { name: `MUSTER_TLS_${missing}`, problem: `must be set, as MUSTER_TLS_${present} is` },
    ]);
  }
  if (cert === undefined && ca === undefined) {
    return undefined;
  }
  return { ...(cert && key ? { cert, key } : {}), ...(ca ? { ca } : {}) };
};
