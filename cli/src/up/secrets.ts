import { randomBytes } from 'node:crypto';
import {
  createSigningKey,
  parseSigningKey,
  roles,
  signToken,
  type MeshJwk,
  type Role,
} from '#libs/auth/index.ts';
import { busServices, type ServiceName } from '#libs/mesh/index.ts';
import { mongoServices } from '#libs/mongo/rights.ts';
import { inputUnreadable, textOf } from '../failures.ts';
import { keepPrivate, readIfThere, writePrivate, writePrivateJson } from './files.ts';
import type { Layout } from './layout.ts';

/** Who signs, and in which mesh tokens count; the services' defaults. */
const issuer = 'muster';
const audience = 'muster';

/** Tokens are made anew at every start; those of an `up` that runs for longer than this end. */
const TOKEN_TTL_SECONDS = 366 * 86_400;

const localCustomer = 'local';

/** Reads the secrets of a directory, making those that are missing. All are files of mode 0600. */
export const keepSecrets = async (layout: Layout) => {
  const signing = await keepKey(layout.signingKey, roles);
  const agents = await keepKey(layout.agentKey, ['agent']);
  await writePrivateJson(layout.jwks, { keys: [signing, agents].map(publicPart) });
  await keepPrivate(layout.meshSecret, randomSecret);
  const sign = (role: Role, subject: string): Promise<string> =>
    signToken(signing, { role, subject, issuer, audience, ttlSeconds: TOKEN_TTL_SECONDS });
  return {
    /** In the environment of every child: proves that it is one of this directory's. */
    nonce: await keepPrivate(layout.nonce, randomSecret),
    mongoPasswords: await keepPasswords(layout, 'mongod-password', mongoServices),
    natsPasswords: await keepPasswords(layout, 'nats-password', busServices),
    tokens: {
      customer: await sign('customer', localCustomer),
      operator: await sign('operator', 'operator'),
    },
    /** Signs a token and keeps it in a file; answers the file's path. */
    keepToken: async (name: string, role: Role, subject: string): Promise<string> => {
      const path = layout.secret(`${name}.token`);
      await writePrivate(path, `${await sign(role, subject)}\n`);
      return path;
    },
  };
};

export type Secrets = Awaited<ReturnType<typeof keepSecrets>>;

/** Of the user who may do everything, in the file that has this name, and of the services. */
const keepPasswords = async <Service extends ServiceName>(
  layout: Layout,
  name: string,
  services: readonly Service[],
): Promise<Record<'muster' | Service, string>> => {
  const keep = (file: string): Promise<string> => keepPrivate(layout.secret(file), randomSecret);
  const passwords: [string, string][] = [['muster', await keep(name)]];
  for (const service of services) {
    passwords.push([service, await keep(`${name}-${service}`)]);
  }
  return Object.fromEntries(passwords) as Record<'muster' | Service, string>;
};

const randomSecret = (): string => randomBytes(32).toString('hex');

const keepKey = async (path: string, allowed: readonly Role[]): Promise<MeshJwk> => {
  const kept = await readIfThere(path);
  if (kept === undefined) {
    const { privateJwk } = await createSigningKey(allowed);
    await writePrivateJson(path, privateJwk);
    return privateJwk;
  }
  try {
    return parseSigningKey(kept);
  } catch (error) {
    throw inputUnreadable(
      path,
      `without it no token of this mesh can be made: ${textOf(error)}`,
      error,
    );
  }
};

const publicPart = ({ d: _private, ...rest }: MeshJwk): MeshJwk => rest;
