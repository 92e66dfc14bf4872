import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseSigningKey, type MeshJwk } from '#libs/auth/index.ts';
import { ConfigError, filePath, loadConfig, type Environment } from '#libs/config/index.ts';
import {
  mongoVariables,
  natsVariables,
  serverConfig,
  serverVariables,
  type ServerConfig,
} from '#libs/service/index.ts';

/** What this service reads from the environment; `README.md` explains each. */
export const variables = z.object({
  ...serverVariables('127.0.0.1:7402'),
  ...mongoVariables,
  ...natsVariables,
  MUSTER_AGENT_KEY_FILE: filePath(),
});

export interface Config {
  server: ServerConfig;
  agentTokens: { key: MeshJwk; issuer: string; audience: string };
  mongo: { url: string; database: string };
  nats: { url: string };
}

/** The private key in the file; undefined unless it may sign agents' tokens. */
const readAgentKey = (path: string): MeshJwk | undefined => {
  try {
    const key = parseSigningKey(readFileSync(path, 'utf8'));
    return key.roles.includes('agent') ? key : undefined;
  } catch {
    return undefined;
  }
};

export const readConfig = (env: Environment): Config => {
  const read = loadConfig(variables, env);
  const key = readAgentKey(read.MUSTER_AGENT_KEY_FILE);
  if (key === undefined) {
    const problem = 'must hold a private Ed25519 JWK whose `roles` include agent';
    throw new ConfigError([{ name: 'MUSTER_AGENT_KEY_FILE', problem }]);
  }
  return {
    server: serverConfig(read),
    agentTokens: { key, issuer: read.MUSTER_ISSUER, audience: read.MUSTER_MESH_ID },
    mongo: { url: read.MUSTER_MONGO_URL, database: read.MUSTER_MONGO_DATABASE },
    nats: { url: read.MUSTER_NATS_URL },
  };
};
