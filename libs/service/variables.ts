import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseJwks, parseMeshSecret } from '#libs/auth/index.ts';
import {
  boolean,
  identifier,
  listenAddress,
  secretAs,
  url,
  text,
  tlsFiles,
  tlsVariables,
  type TlsFiles,
} from '#libs/config/index.ts';

/** A file is read at once. A URL is read when the first token comes, because its server may start later. */
const isJwksSource = (source: string): boolean => {
  if (/^https?:/.test(source)) {
    return URL.canParse(source);
  }
  try {
    parseJwks(readFileSync(source, 'utf8'));
    return true;
  } catch {
    return false;
  }
};

/** The variables of everything that listens; `listen` is the default address. Spread them into a schema. */
export const serverVariables = (listen: string) => ({
  MUSTER_LISTEN: listenAddress().prefault(listen),
  MUSTER_INSECURE: boolean().prefault('0'),
  ...tlsVariables,
  MUSTER_MESH_ID: identifier('muster').prefault('muster'),
  MUSTER_JWKS: text('/etc/muster/jwks.json').refine(
    isJwksSource,
    'must be the http(s) URL of a JWKS document, or name a file that holds one',
  ),
  MUSTER_ISSUER: text('muster').prefault('muster'),
});

/** The variables of everything that uses MongoDB. */
export const mongoVariables = {
  MUSTER_MONGO_URL: url(['mongodb', 'mongodb+srv']),
  MUSTER_MONGO_DATABASE: identifier('muster').prefault('muster'),
};

/** The variable of everything that uses NATS. */
export const natsVariables = { MUSTER_NATS_URL: url(['nats', 'tls']) };

/** The variable of everything that signs or checks tokens of attempts, receipts and grants. */
export const meshSecretVariables = {
  MUSTER_MESH_SECRET: secretAs<KeyObject>(
    parseMeshSecret,
    'must be hexadecimal or base64 of at least 32 random bytes, the same in all services',
  ),
};

/** How a service listens, and whose tokens it takes. */
export interface ServerConfig {
  listen: string;
  insecure: boolean;
  /** Undefined: plain text. */
  tls: TlsFiles | undefined;
  tokens: { jwks: string; issuer: string; audience: string };
}

/** Groups `serverVariables`. */
export const serverConfig = (read: {
  MUSTER_LISTEN: string;
  MUSTER_INSECURE: boolean;
  MUSTER_TLS_CERT?: string | undefined;
  MUSTER_TLS_KEY?: string | undefined;
  MUSTER_TLS_CA?: string | undefined;
  MUSTER_MESH_ID: string;
  MUSTER_JWKS: string;
  MUSTER_ISSUER: string;
}): ServerConfig => ({
  listen: read.MUSTER_LISTEN,
  insecure: read.MUSTER_INSECURE,
  tls: tlsFiles(read),
  tokens: { jwks: read.MUSTER_JWKS, issuer: read.MUSTER_ISSUER, audience: read.MUSTER_MESH_ID },
});
