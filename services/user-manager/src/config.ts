import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseJwks, type MeshJwk } from '#libs/auth/index.ts';
import {
  boolean,
  ConfigError,
  filePath,
  identifier,
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

/** What this service reads from the environment; `README.md` explains each. */
export const variables = z.object({
  MUSTER_LISTEN: listenAddress().prefault('127.0.0.1:0'),
  MUSTER_INSECURE: boolean().prefault('0'),
  ...tlsVariables,
  MUSTER_MESH_ID: identifier('muster').prefault('muster'),
  MUSTER_JWKS: text('/etc/muster/jwks.json'),
  MUSTER_ISSUER: text('muster').prefault('muster'),
  MUSTER_AGENT_KEY_FILE: filePath(),
  MUSTER_MONGO_URL: secret(),
  MUSTER_MONGO_DATABASE: identifier('muster').prefault('muster'),
  MUSTER_NATS_URL: secret(),
});

export interface Config {
  listen: string;
  insecure: boolean;
  tls: TlsFiles | undefined;
  tokens: { jwks: string; issuer: string; audience: string };
  /** What signs agents' tokens. */
  agentTokens: { key: MeshJwk; issuer: string; audience: string };
  mongo: { url: string; database: string };
  nats: { url: string };
}

/** The private key in the file; undefined unless it may sign agents' tokens. */
const readAgentKey = (path: string): MeshJwk | undefined => {
  try {
    const [key] = parseJwks(`{"keys":[${readFileSync(path, 'utf8')}]}`).keys;
    return key !== undefined && typeof key.d === 'string' && key.roles.includes('agent') ? key : undefined;
  } catch {
    return undefined;
  }
};

/** Reads the configuration; throws ConfigError that names everything wrong. */
export const readConfig = (env: Environment): Config => {
  const read = loadConfig(variables, env);
  const problems: ConfigProblem[] = [];
  const key = readAgentKey(read.MUSTER_AGENT_KEY_FILE);
  if (key === undefined) {
    problems.push({
      name: 'MUSTER_AGENT_KEY_FILE',
      problem: 'must hold a private Ed25519 JWK whose `roles` include agent',
    });
  }
  if (!/^mongodb(\+srv)?:\/\//.test(read.MUSTER_MONGO_URL)) {
    problems.push({ name: 'MUSTER_MONGO_URL', problem: 'must be a URL that begins with mongodb:// or mongodb+srv://' });
  }
  if (!/^(nats|tls):\/\//.test(read.MUSTER_NATS_URL)) {
    problems.push({ name: 'MUSTER_NATS_URL', problem: 'must be a URL that begins with nats:// or tls://' });
  }
  if (key === undefined || problems.length > 0) throw new ConfigError(problems);
  const names = { issuer: read.MUSTER_ISSUER, audience: read.MUSTER_MESH_ID };
  return {
    listen: read.MUSTER_LISTEN,
    insecure: read.MUSTER_INSECURE,
    tls: tlsFiles(read),
    tokens: { jwks: read.MUSTER_JWKS, ...names },
    agentTokens: { key, ...names },
    mongo: { url: read.MUSTER_MONGO_URL, database: read.MUSTER_MONGO_DATABASE },
    nats: { url: read.MUSTER_NATS_URL },
  };
};
