import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { describe } from './meta.ts';

/** Paths of PEM files. A server asks no caller for a certificate, because callers send a token. */
export interface TlsFiles {
  /** The certificate of a server; needs `key`. Clients ignore both. */
  cert?: string;
  key?: string;
  /** The authority that a client trusts; default: those that come with Node. Servers ignore it. */
  ca?: string;
}

/** The path of a PEM file that `parse` can read. */
const pemFile = (parse: (pem: Buffer) => unknown, what: string, example: string) => {
  const holds = (path: string): boolean => {
    try {
      parse(readFileSync(path));
      return true;
    } catch {
      return false;
    }
  };
  return describe(z.string().refine(holds, `must name a PEM file with a ${what}`), { example });
};

const certificateFile = () =>
  pemFile((pem) => new X509Certificate(pem), 'certificate', '/etc/muster/tls.crt').optional();

/** The variables that every server and client takes; spread them into a schema. The key needs no passphrase. */
export const tlsVariables = {
  MUSTER_TLS_CERT: certificateFile(),
  MUSTER_TLS_KEY: pemFile(createPrivateKey, 'private key', '/etc/muster/tls.key').optional(),
  MUSTER_TLS_CA: certificateFile(),
};

/** Groups the variables; undefined means plain text. Throws ConfigError if a certificate or a key comes alone. */
export const tlsFiles = (
  read: Partial<Record<keyof typeof tlsVariables, string | undefined>>,
): TlsFiles | undefined => {
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
