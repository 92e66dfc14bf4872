import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { parseMeshSecret } from '#libs/auth/index.ts';
import {
  boolean,
  ConfigError,
  identifier,
  integer,
  listenAddress,
  loadConfig,
  secret,
  size,
  text,
  tlsFiles,
  tlsVariables,
  type ConfigProblem,
  type Environment,
  type TlsFiles,
} from '#libs/config/index.ts';

/** What this service reads from the environment; `README.md` explains each. */
export const variables = z.object({
  MUSTER_LISTEN: listenAddress().prefault('127.0.0.1:7404'),
  MUSTER_INSECURE: boolean().prefault('0'),
  ...tlsVariables,
  MUSTER_MESH_ID: identifier('muster').prefault('muster'),
  MUSTER_MESH_SECRET: secret({ minChars: 43 }),
  MUSTER_JWKS: text('/etc/muster/jwks.json'),
  MUSTER_ISSUER: text('muster').prefault('muster'),
  MUSTER_MONGO_URL: secret(),
  MUSTER_MONGO_DATABASE: identifier('muster').prefault('muster'),
  MUSTER_BLOB_CONNECTION: secret(),
  MUSTER_BLOB_CONTAINER: identifier('muster').prefault('muster'),
  MUSTER_MAX_UPLOAD: size({ minBytes: 1, maxBytes: 195 * 2 ** 30 }).prefault('64GiB'),
  MUSTER_UPLOADS_AT_ONCE: integer({ min: 1, max: 4_096 }).prefault('64'),
});

export interface Config {
  listen: string;
  insecure: boolean;
  tls: TlsFiles | undefined;
  tokens: { jwks: string; issuer: string; audience: string };
  meshSecret: KeyObject;
  mongo: { url: string; database: string };
  storage: { connectionString: string; container: string };
  uploads: { maximumBytes: number; atOnce: number };
}

/** Reads the configuration; throws ConfigError that names everything wrong. */
export const readConfig = (env: Environment): Config => {
  const read = loadConfig(variables, env);
  const problems: ConfigProblem[] = [];
  const meshSecret = attempt(() => parseMeshSecret(read.MUSTER_MESH_SECRET));
  if (meshSecret === undefined) {
    problems.push({ name: 'MUSTER_MESH_SECRET', problem: 'must be hexadecimal or base64 of at least 32 random bytes' });
  }
  if (!/(^|;)\s*(AccountName|BlobEndpoint|UseDevelopmentStorage)=/i.test(read.MUSTER_BLOB_CONNECTION)) {
    problems.push({ name: 'MUSTER_BLOB_CONNECTION', problem: 'must be the connection string of a storage account' });
  }
  if (!/^mongodb(\+srv)?:\/\//.test(read.MUSTER_MONGO_URL)) {
    problems.push({ name: 'MUSTER_MONGO_URL', problem: 'must be a URL that begins with mongodb:// or mongodb+srv://' });
  }
  if (meshSecret === undefined || problems.length > 0) throw new ConfigError(problems);
  return {
    listen: read.MUSTER_LISTEN,
    insecure: read.MUSTER_INSECURE,
    tls: tlsFiles(read),
    tokens: { jwks: read.MUSTER_JWKS, issuer: read.MUSTER_ISSUER, audience: read.MUSTER_MESH_ID },
    meshSecret,
    mongo: { url: read.MUSTER_MONGO_URL, database: read.MUSTER_MONGO_DATABASE },
    storage: { connectionString: read.MUSTER_BLOB_CONNECTION, container: read.MUSTER_BLOB_CONTAINER },
    uploads: { maximumBytes: read.MUSTER_MAX_UPLOAD, atOnce: read.MUSTER_UPLOADS_AT_ONCE },
  };
};

const attempt = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};
