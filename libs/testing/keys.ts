import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSigningKey, signToken, type MeshJwk, type Role } from '#libs/auth/index.ts';

/** As services read it from `MUSTER_MESH_SECRET`. */
export const MESH_SECRET = '5a'.repeat(32);

/** The issuer and the audience that services expect by default. */
export const TOKENS = { issuer: 'muster', audience: 'muster' } as const;

/** The keys of a test mesh, and tokens that they sign. */
export interface Keys {
  jwksFile: string;
  /** The key that may sign only agents' tokens, and its file. */
  agentKey: MeshJwk;
  agentKeyFile: string;
  /** @param machine for agents: the machine that the token names */
  token: (role: Role, subject: string, machine?: string) => Promise<string>;
}

const HOUR_SECONDS = 3_600;

/** @param dir where the files are written */
export const createKeys = async (dir: string): Promise<Keys> => {
  const people = await createSigningKey(['customer', 'operator', 'service']);
  const agents = await createSigningKey(['agent']);
  const jwksFile = join(dir, 'jwks.json');
  const agentKeyFile = join(dir, 'agent-key.json');
  await writeFile(jwksFile, JSON.stringify({ keys: [people.publicJwk, agents.publicJwk] }));
  await writeFile(agentKeyFile, JSON.stringify(agents.privateJwk), { mode: 0o600 });
  return {
    jwksFile,
    agentKey: agents.privateJwk,
    agentKeyFile,
    token: (role, subject, machine) =>
      signToken(role === 'agent' ? agents.privateJwk : people.privateJwk, {
        role,
        subject,
        ...(machine !== undefined && { machine }),
        ...TOKENS,
        ttlSeconds: HOUR_SECONDS,
      }),
  };
};
