import { z } from 'zod';
import {
  boolean,
  identifier,
  listenAddress,
  loadConfig,
  text,
  tlsFiles,
  tlsVariables,
  type Environment,
  type TlsFiles,
} from '#libs/config/index.ts';

/** What this service reads from the environment; `README.md` explains each. */
export const variables = z.object({
  MUSTER_LISTEN: listenAddress().prefault('127.0.0.1:7403'),
  MUSTER_INSECURE: boolean().prefault('0'),
  ...tlsVariables,
  MUSTER_MESH_ID: identifier('muster').prefault('muster'),
  MUSTER_JWKS: text('/etc/muster/jwks.json'),
  MUSTER_ISSUER: text('muster').prefault('muster'),
});

export interface Config {
  listen: string;
  insecure: boolean;
  tls: TlsFiles | undefined;
  tokens: { jwks: string; issuer: string; audience: string };
}

/** Reads the configuration; throws ConfigError that names everything wrong. */
export const readConfig = (env: Environment): Config => {
  const read = loadConfig(variables, env);
  return {
    listen: read.MUSTER_LISTEN,
    insecure: read.MUSTER_INSECURE,
    tls: tlsFiles(read),
    tokens: { jwks: read.MUSTER_JWKS, issuer: read.MUSTER_ISSUER, audience: read.MUSTER_MESH_ID },
  };
};
