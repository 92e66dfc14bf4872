import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  SignJWT,
  type JWK,
} from 'jose';
import { isServiceName, SERVICE_NAME_RULE } from '#libs/mesh/index.ts';
import { CUSTOMER_ID_RULE, isCustomerId, isRole, type Role } from './caller.ts';

/** The signature of every token of the mesh (RFC 8037, curve Ed25519). */
export const TOKEN_ALGORITHM = 'EdDSA';

/** An Ed25519 JWK that also says which roles its tokens may carry. `kid` is the key's RFC 7638 thumbprint. */
export interface MeshJwk extends JWK {
  kid: string;
  roles: Role[];
}

interface SigningKey {
  /** Signs tokens; keep it in a file of mode 0600, only where tokens are made. */
  privateJwk: MeshJwk;
  /** Verifies tokens; belongs in the JWKS of every service. */
  publicJwk: MeshJwk;
}

/** Makes a key whose tokens are valid for `allowedRoles` only. */
export const createSigningKey = async (allowedRoles: readonly Role[]): Promise<SigningKey> => {
  const pair = await generateKeyPair(TOKEN_ALGORITHM, { crv: 'Ed25519', extractable: true });
  const publicPart = await exportJWK(pair.publicKey);
  const kid = await calculateJwkThumbprint(publicPart);
  const shared = { kid, alg: TOKEN_ALGORITHM, use: 'sig', roles: [...allowedRoles] };
  return {
    privateJwk: { ...(await exportJWK(pair.privateKey)), ...shared },
    publicJwk: { ...publicPart, ...shared },
  };
};

export interface TokenRequest {
  role: Role;
  /** Whose token it is: a customer id, a person's name, a machine's id or a service's name. */
  subject: string;
  /** The machine's id, for role `agent`. */
  machine?: string;
  issuer: string;
  /** The id of the mesh in which the token is valid. */
  audience: string;
  ttlSeconds: number;
  /** Wall clock, ms; tests give a fixed one. Default: now. */
  nowMs?: number;
}

/** Signs a token (compact JWS). Throws TypeError for one that no service would accept, by its role or subject. */
export const signToken = async (privateJwk: MeshJwk, request: TokenRequest): Promise<string> => {
  if (!privateJwk.roles.includes(request.role)) {
    throw new TypeError(
      `key ${privateJwk.kid} signs ${privateJwk.roles.join(', ')}, not ${request.role}`,
    );
  }
  if (request.role === 'customer' && !isCustomerId(request.subject)) {
    throw new TypeError(`the subject is the customer's id, and ${CUSTOMER_ID_RULE}`);
  }
  if (request.role === 'service' && !isServiceName(request.subject)) {
    throw new TypeError(`the subject is the service's name, and ${SERVICE_NAME_RULE}`);
  }
  const issuedAt = Math.floor((request.nowMs ?? Date.now()) / 1000);
  const machine = request.machine === undefined ? {} : { machine: request.machine };
  return new SignJWT({ role: request.role, ...machine })
    .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid: privateJwk.kid, typ: 'JWT' })
    .setSubject(request.subject)
    .setIssuer(request.issuer)
    .setAudience(request.audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + request.ttlSeconds)
    .sign(await importJWK(privateJwk, TOKEN_ALGORITHM));
};

/**
 * The keys of a JWKS document (RFC 7517), which holds several because a key stays valid for a while after its successor
 * signs. Skips those that are not Ed25519 or name no known role, because other systems may add theirs.
 */
export const parseJwks = (text: string): MeshJwk[] => {
  const document = JSON.parse(text) as { keys?: unknown } | null;
  if (!Array.isArray(document?.keys)) {
    throw new TypeError('a JWKS is an object with an array `keys`');
  }
  return document.keys.filter(isMeshJwk);
};

/** Reads a private key that signs tokens. Throws TypeError or SyntaxError on anything else. */
export const parseSigningKey = (text: string): MeshJwk => {
  const key: unknown = JSON.parse(text);
  if (isMeshJwk(key) && typeof key.d === 'string') {
    return key;
  }
  throw new TypeError('not a signing key of a mesh');
};

const isMeshJwk = (value: unknown): value is MeshJwk => {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const key = value as Partial<MeshJwk>;
  const isEd25519 = key.kty === 'OKP' && key.crv === 'Ed25519' && typeof key.x === 'string';
  return (
    isEd25519 && typeof key.kid === 'string' && Array.isArray(key.roles) && key.roles.every(isRole)
  );
};
