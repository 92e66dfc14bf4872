import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { describe } from './meta.ts';
import { SYSTEM_CA, type TlsFiles } from './tls-files.ts';

/** Whether a file is there that `parse` can read. */
const holds = (parse: (pem: Buffer) => unknown, path: string): boolean => {
  try {
    parse(readFileSync(path));
    return true;
  } catch {
    return false;
  }
};

const isCertificate = (path: string): boolean => holds((pem) => new X509Certificate(pem), path);

/** The path of a certificate. */
const certificateFile = () =>
  describe(z.string().refine(isCertificate, 'must name a PEM file with a certificate'), {
    example: '/etc/muster/tls.crt',
  });

/** The path of a certificate, or {@link SYSTEM_CA}. */
const authority = () =>
  describe(
    z
      .string()
      .refine(
        (value) => value === SYSTEM_CA || isCertificate(value),
        `must name a PEM file with a certificate, or be ${SYSTEM_CA} for the authorities that this machine trusts`,
      ),
    { example: '/etc/muster/ca.crt' },
  );

const OTHERS_MAY_READ = 0o004;

const isKeptFromOthers = (path: string): boolean =>
  ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & OTHERS_MAY_READ) === 0;

/** The path of a private key that not everybody on this machine can read. */
const privateKeyFile = () =>
  describe(
    z
      .string()
      .refine((path) => holds(createPrivateKey, path), 'must name a PEM file with a private key')
      .refine(isKeptFromOthers, 'must not be readable by everybody: chmod 600, or 640 for a group'),
    { example: '/etc/muster/tls.key' },
  );

/** The variables that every server and client takes; spread them into a schema. The key needs no passphrase. */
export const tlsVariables = {
  MUSTER_TLS_CERT: certificateFile().optional(),
  MUSTER_TLS_KEY: privateKeyFile().optional(),
  MUSTER_TLS_CA: authority().optional(),
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
