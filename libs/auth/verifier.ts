import { hash } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import type { Clock } from '#libs/clock/index.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { isServiceName, SERVICE_NAME_RULE } from '#libs/mesh/index.ts';
import { CUSTOMER_ID_RULE, isCustomerId, isRole, type Caller } from './caller.ts';
import { createKeySource, type KeySource } from './key-source.ts';
import { TOKEN_ALGORITHM } from './keys.ts';

interface VerifierOptions {
  /** Path of the JWKS file, or its http(s) URL. It is read once a minute, and when a token names an unknown key. */
  jwks: string | URL;
  issuer: string;
  /** The id of the mesh. */
  audience: string;
  clock: Pick<Clock, 'now' | 'monotonic'>;
}

/**
 * Checks a token (compact JWS, without `Bearer `) and says who the caller is.
 *
 * Errors, all UNAUTHENTICATED: TOKEN_MISSING, TOKEN_EXPIRED, TOKEN_KEY_UNKNOWN, TOKEN_ROLE_REFUSED (its key may not
 * sign that role), TOKEN_INVALID (anything else); UNAVAILABLE when the keys could never be read.
 */
export type Verifier = (token: string) => Promise<Caller>;

type Remembered = Caller & { expireTimeMs: number };

/** How many verified tokens are remembered, 200 bytes each; beyond that the oldest is verified again. */
const MAX_REMEMBERED = 10_000;
/** No honest token is longer. The bound keeps hashing and parsing cheap. */
const MAX_TOKEN_CHARS = 8_192;

/** Remembers verified tokens: until one expires or the keys change, it costs one hash. */
export const createVerifier = (options: VerifierOptions): Verifier => {
  const source = createKeySource(options);
  const remembered = new Map<string, Remembered>();
  let rememberedVersion = 0;

  return async (token) => {
    if (token === '') {
      throw refused('TOKEN_MISSING', 'send `authorization: Bearer <token>`');
    }
    if (token.length > MAX_TOKEN_CHARS) {
      throw refused('TOKEN_INVALID', 'the token is too long');
    }
    source.refresh();
    if (rememberedVersion !== source.version) {
      remembered.clear();
      rememberedVersion = source.version;
    }
    const digest = hash('sha256', token, 'base64');
    const known = remembered.get(digest);
    if (known !== undefined && options.clock.now() < known.expireTimeMs) {
      return known;
    }
    remembered.delete(digest);

    const fresh = await verify(token, source, options);
    if (remembered.size >= MAX_REMEMBERED) {
      const [oldest = ''] = remembered.keys();
      remembered.delete(oldest);
    }
    remembered.set(digest, fresh);
    return fresh;
  };
};

const verify = async (
  token: string,
  source: KeySource,
  options: VerifierOptions,
): Promise<Remembered> => {
  const kid = readKeyId(token);
  const key = await source.find(kid);
  if (key === undefined) {
    throw refused('TOKEN_KEY_UNKNOWN', 'the token is signed by a key that this mesh does not list');
  }
  const payload = await readPayload(token, key.key, options);
  const caller = { ...readCaller(payload), expireTimeMs: (payload.exp ?? 0) * 1000 };
  if (!key.roles.includes(caller.role)) {
    throw refused(
      'TOKEN_ROLE_REFUSED',
      `the key of this token may not sign the role ${caller.role}`,
    );
  }
  return caller;
};

const readKeyId = (token: string): string => {
  try {
    const { kid } = decodeProtectedHeader(token);
    if (typeof kid === 'string') {
      return kid;
    }
  } catch {
    // Falls through: not a JWS at all.
  }
  throw refused('TOKEN_INVALID', 'the token is not a JWT with a key id');
};

const readPayload = async (
  token: string,
  key: Parameters<typeof jwtVerify>[1] & object,
  { issuer, audience, clock }: VerifierOptions,
): Promise<JWTPayload> => {
  try {
    const { payload } = await jwtVerify(token, key, {
      issuer,
      audience,
      algorithms: [TOKEN_ALGORITHM],
      currentDate: new Date(clock.now()),
      requiredClaims: ['sub', 'role', 'iat', 'exp'],
    });
    return payload;
  } catch (cause) {
    if (cause instanceof errors.JWTExpired) {
      throw refused('TOKEN_EXPIRED', 'the token has expired; get a new one', cause);
    }
    throw refused('TOKEN_INVALID', 'the token was not made for this mesh, or was changed', cause);
  }
};

const readCaller = (payload: JWTPayload): Caller => {
  const { sub, role, machine } = payload;
  if (typeof sub !== 'string' || sub === '' || !isRole(role)) {
    throw refused('TOKEN_INVALID', 'the token names no subject or no known role');
  }
  if (role === 'customer' && !isCustomerId(sub)) {
    throw refused(
      'TOKEN_INVALID',
      `the token's subject is the customer's id, and ${CUSTOMER_ID_RULE}`,
    );
  }
  if (role === 'service' && !isServiceName(sub)) {
    throw refused(
      'TOKEN_INVALID',
      `the token's subject is the service's name, and ${SERVICE_NAME_RULE}`,
    );
  }
  if (role !== 'agent') {
    return { role, subject: sub };
  }
  if (typeof machine !== 'string' || machine === '') {
    throw refused('TOKEN_INVALID', "an agent's token names its machine");
  }
  return { role, subject: sub, machine };
};

const refused = (reason: string, message: string, cause?: unknown): DomainError =>
  new DomainError(status.UNAUTHENTICATED, reason, message, {}, { cause });
