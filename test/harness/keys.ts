import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSigningKey, signToken, type Role } from '#libs/auth/index.ts';

/** The keys of a test mesh, and tokens that they sign. */
export interface Keys {
  jwksFile: string;
  /** The file of the key that may sign only agents' tokens. */
  agentKeyFile: string;
  token(role: Role, subject: string): Promise<string>;
}

const HOUR_SECONDS = 3_600;

export const createKeys = async (dir: string): Promise<Keys> => {
  const people = await createSigningKey(['customer', 'operator', 'service']);
  const agents = await createSigningKey(['agent']);
  const jwksFile = join(dir, 'jwks.json');
  const agentKeyFile = join(dir, 'agent-key.json');
  await writeFile(jwksFile, JSON.stringify({ keys: [people.publicJwk, agents.publicJwk] }));
  await writeFile(agentKeyFile, JSON.stringify(agents.privateJwk), { mode: 0o600 });
  return {
    jwksFile,
    agentKeyFile,
    token: (role, subject) =>
      signToken(people.privateJwk, {
        role,
        subject,
        issuer: 'muster',
        audience: 'muster',
        ttlSeconds: HOUR_SECONDS,
      }),
  };
};
