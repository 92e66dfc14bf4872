import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { parseMeshSecret } from '#libs/auth/index.ts';
import {
  boolean,
  ConfigError,
  grpcTarget,
  identifier,
  integer,
  listenAddress,
  loadConfig,
  secret,
  text,
  tlsFiles,
  tlsVariables,
  type ConfigProblem,
  type Environment,
  type TlsFiles,
} from '#libs/config/index.ts';
import type { Plan } from './store/customers.ts';

/** What this service reads from the environment; `README.md` explains each. */
export const variables = z.object({
  MUSTER_LISTEN: listenAddress().prefault('127.0.0.1:7401'),
  MUSTER_INSECURE: boolean().prefault('0'),
  ...tlsVariables,
  MUSTER_MESH_ID: identifier('muster').prefault('muster'),
  MUSTER_MESH_SECRET: secret({ minChars: 43 }),
  MUSTER_JWKS: text('/etc/muster/jwks.json'),
  MUSTER_ISSUER: text('muster').prefault('muster'),
  MUSTER_SERVICE_TOKEN: secret(),
  MUSTER_MONGO_URL: secret(),
  MUSTER_MONGO_DATABASE: identifier('muster').prefault('muster'),
  MUSTER_NATS_URL: secret(),
  MUSTER_USER_ENDPOINT: grpcTarget(),
  MUSTER_BLOB_ENDPOINT: grpcTarget(),
  MUSTER_PLAN_RUNNING_WORKLOADS: integer({ min: 1, max: 1_000 }).prefault('1'),
  MUSTER_PLAN_USERS: integer({ min: 1, max: 100_000 }).prefault('100'),
  MUSTER_PLAN_WEIGHT: integer({ min: 1, max: 1_000 }).prefault('1'),
});

export interface Config {
  listen: string;
  insecure: boolean;
  tls: TlsFiles | undefined;
  tokens: { jwks: string; issuer: string; audience: string };
  meshSecret: KeyObject;
  serviceToken: string;
  mongo: { url: string; database: string };
  nats: { url: string };
  endpoints: { user: string; blob: string };
  /** What a customer may have who was never put. */
  plan: Plan;
}

/** Reads the configuration; throws ConfigError that names everything wrong. */
export const readConfig = (env: Environment): Config => {
  const read = loadConfig(variables, env);
  const problems: ConfigProblem[] = [];
  const meshSecret = secretFrom(read.MUSTER_MESH_SECRET);
  if (meshSecret === undefined) {
    problems.push({ name: 'MUSTER_MESH_SECRET', problem: 'must be hexadecimal or base64 of at least 32 random bytes' });
  }
  if (!/^mongodb(\+srv)?:\/\//.test(read.MUSTER_MONGO_URL)) {
    problems.push({ name: 'MUSTER_MONGO_URL', problem: 'must be a URL that begins with mongodb:// or mongodb+srv://' });
  }
  if (!/^(nats|tls):\/\//.test(read.MUSTER_NATS_URL)) {
    problems.push({ name: 'MUSTER_NATS_URL', problem: 'must be a URL that begins with nats:// or tls://' });
  }
  if (meshSecret === undefined || problems.length > 0) throw new ConfigError(problems);
  return {
    listen: read.MUSTER_LISTEN,
    insecure: read.MUSTER_INSECURE,
    tls: tlsFiles(read),
    tokens: { jwks: read.MUSTER_JWKS, issuer: read.MUSTER_ISSUER, audience: read.MUSTER_MESH_ID },
    meshSecret,
    serviceToken: read.MUSTER_SERVICE_TOKEN,
    mongo: { url: read.MUSTER_MONGO_URL, database: read.MUSTER_MONGO_DATABASE },
    nats: { url: read.MUSTER_NATS_URL },
    endpoints: { user: read.MUSTER_USER_ENDPOINT, blob: read.MUSTER_BLOB_ENDPOINT },
    plan: {
      runningWorkloads: read.MUSTER_PLAN_RUNNING_WORKLOADS,
      users: read.MUSTER_PLAN_USERS,
      weight: read.MUSTER_PLAN_WEIGHT,
    },
  };
};

const secretFrom = (read: string): KeyObject | undefined => {
  try {
    return parseMeshSecret(read);
  } catch {
    return undefined;
  }
};
