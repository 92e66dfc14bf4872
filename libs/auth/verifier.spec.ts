import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { expect } from 'chai';
import { importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { isDomainError } from '#libs/errors/index.ts';
import { createSigningKey, signToken, type MeshJwk, type TokenRequest } from './keys.ts';
import { createVerifier, type Verifier } from './verifier.ts';

const startMs = Date.parse('2026-03-01T12:00:00Z');

const reasonOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return 'accepted';
  } catch (error) {
    return isDomainError(error) ? error.reason : String(error);
  }
};

describe('createVerifier', () => {
  let dir: string;
  let jwks: string;
  let clock: { wallMs: number; monotonicMs: number; now(): number; monotonic(): number };
  let signer: MeshJwk;
  let verify: Verifier;

  const publish = async (...keys: unknown[]): Promise<void> => {
    await writeFile(`${jwks}.new`, JSON.stringify({ keys }));
    await rename(`${jwks}.new`, jwks);
  };
  const token = (changes: Partial<TokenRequest> = {}, key = signer): Promise<string> =>
    signToken(key, {
      role: 'customer',
      subject: 'alice',
      issuer: 'muster',
      audience: 'mesh-1',
      ttlSeconds: 60,
      nowMs: clock.wallMs,
      ...changes,
    });

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'muster-auth-'));
    jwks = join(dir, 'jwks.json');
    clock = {
      wallMs: startMs,
      monotonicMs: 0,
      now: () => clock.wallMs,
      monotonic: () => clock.monotonicMs,
    };
    const made = await createSigningKey(['customer', 'operator', 'agent', 'service']);
    signer = made.privateJwk;
    await publish(made.publicJwk);
    verify = createVerifier({ jwks, issuer: 'muster', audience: 'mesh-1', clock });
  });
  afterEach(() => rm(dir, { recursive: true }));

  const misnamed = {
    customer: { right: 'alice@example.com', wrong: ['alice smith', 'a\u200b', 'a'.repeat(129)] },
    service: { right: 'port-broker', wrong: ['port-broker-1', 'Blob', 'constructor', 'blob '] },
  } as const;
  for (const role of ['customer', 'service'] as const) {
    it(`refuses a ${role}'s token whose subject is no ${role}, and signs none`, async () => {
      const { right, wrong } = misnamed[role];
      expect(await verify(await token({ role, subject: right }))).to.include({ subject: right });
      for (const subject of wrong) {
        expect(await reasonOf(token({ role, subject }))).to.match(
          new RegExp(`^TypeError: the subject is the ${role}'s`),
        );
        const made = new SignJWT({ role })
          .setProtectedHeader({ alg: 'EdDSA', kid: signer.kid })
          .setSubject(subject)
          .setIssuer('muster')
          .setAudience('mesh-1')
          .setIssuedAt(startMs / 1_000)
          .setExpirationTime(startMs / 1_000 + 60);
        expect(await reasonOf(verify(await made.sign(await importJWK(signer, 'EdDSA'))))).to.equal(
          'TOKEN_INVALID',
        );
      }
    });
  }

  it('tells who the caller is', async () => {
    expect(await verify(await token())).to.deep.equal({
      role: 'customer',
      subject: 'alice',
      expireTimeMs: startMs + 60_000,
    });
  });

  it('gives the machine of an agent, and refuses an agent without one', async () => {
    expect(
      await verify(await token({ role: 'agent', subject: 'alice', machine: 'm-1' })),
    ).to.deep.equal({
      role: 'agent',
      subject: 'alice',
      machine: 'm-1',
      expireTimeMs: startMs + 60_000,
    });
    expect(await reasonOf(verify(await token({ role: 'agent' })))).to.equal('TOKEN_INVALID');
  });

  it('refuses a token of another mesh or issuer', async () => {
    expect(await reasonOf(verify(await token({ audience: 'mesh-2' })))).to.equal('TOKEN_INVALID');
    expect(await reasonOf(verify(await token({ issuer: 'other' })))).to.equal('TOKEN_INVALID');
  });

  it('refuses a token from the moment it expires, even one it remembers', async () => {
    const short = await token({ ttlSeconds: 60 });
    await verify(short);
    clock.wallMs += 60_000;
    expect(await reasonOf(verify(short))).to.equal('TOKEN_EXPIRED');
  });

  it('refuses a token that never expires', async () => {
    const endless = await new SignJWT({ role: 'operator' })
      .setProtectedHeader({ alg: 'EdDSA', kid: signer.kid })
      .setSubject('alice')
      .setIssuer('muster')
      .setAudience('mesh-1')
      .setIssuedAt()
      .sign(await importJWK(signer, 'EdDSA'));
    expect(await reasonOf(verify(endless))).to.equal('TOKEN_INVALID');
  });

  it('refuses a role that the key may not sign', async () => {
    const agents = await createSigningKey(['agent']);
    await publish(agents.publicJwk);
    const lying = { ...agents.privateJwk, roles: ['operator' as const] };
    expect(await reasonOf(verify(await token({ role: 'operator' }, lying)))).to.equal(
      'TOKEN_ROLE_REFUSED',
    );
  });

  it('refuses changed and unsigned tokens, other algorithms, and noise', async () => {
    const good = await token();
    const [head = '', , signature = ''] = good.split('.');
    const forgedBody = Buffer.from(JSON.stringify({ sub: 'alice', role: 'operator' })).toString(
      'base64url',
    );
    const symmetric = await new SignJWT({ role: 'operator' })
      .setProtectedHeader({ alg: 'HS256', kid: signer.kid })
      .setExpirationTime('1h')
      .sign(Buffer.from(signer.x ?? ''));
    const unsigned = new UnsecuredJWT({ role: 'operator' }).setExpirationTime('1h').encode();
    for (const bad of [
      `${head}.${forgedBody}.${signature}`,
      symmetric,
      unsigned,
      'x',
      'a.b.c',
      'x'.repeat(9000),
    ]) {
      expect(await reasonOf(verify(bad)), bad.slice(0, 40)).to.equal('TOKEN_INVALID');
    }
    expect(await reasonOf(verify(''))).to.equal('TOKEN_MISSING');
  });

  it('finds a key that was added after the file was first read', async () => {
    await verify(await token());
    const next = await createSigningKey(['customer']);
    clock.monotonicMs += 1_000;
    expect(await reasonOf(verify(await token({}, next.privateJwk)))).to.equal('TOKEN_KEY_UNKNOWN');
    await publish(next.publicJwk);
    clock.monotonicMs += 1_000;
    expect(await reasonOf(verify(await token({}, next.privateJwk)))).to.equal('accepted');
  });

  it('stops accepting remembered tokens of a key that was removed', async () => {
    const old = await token();
    await verify(old);
    const next = await createSigningKey(['customer']);
    await publish(next.publicJwk);
    clock.monotonicMs += 1_000;
    await verify(await token({}, next.privateJwk));
    expect(await reasonOf(verify(old))).to.equal('TOKEN_KEY_UNKNOWN');
  });

  it('goes on with the keys it has while their source is away', async () => {
    await verify(await token());
    await rm(jwks);
    clock.monotonicMs += 120_000;
    expect(await reasonOf(verify(await token({ subject: 'bob' })))).to.equal('accepted');
  });

  it('answers UNAVAILABLE while the keys could never be read', async () => {
    await rm(jwks);
    expect(await reasonOf(verify(await token()))).to.equal('DEPENDENCY_UNAVAILABLE');
  });

  it('reads the keys from a URL', async () => {
    const made = await createSigningKey(['customer']);
    const server = createServer((_, response) =>
      response.end(JSON.stringify({ keys: [made.publicJwk] })),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const remote = createVerifier({
        jwks: `http://127.0.0.1:${port}/jwks.json`,
        issuer: 'muster',
        audience: 'mesh-1',
        clock,
      });
      expect(await reasonOf(remote(await token({}, made.privateJwk)))).to.equal('accepted');
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe('signToken', () => {
  it('does not sign a role that its key may not sign', async () => {
    const { privateJwk } = await createSigningKey(['agent']);
    const request = {
      role: 'operator',
      subject: 'x',
      issuer: 'i',
      audience: 'a',
      ttlSeconds: 1,
    } as const;
    let thrown: unknown;
    await signToken(privateJwk, request).catch((error: unknown) => (thrown = error));
    expect(thrown).to.be.instanceOf(TypeError);
  });
});
