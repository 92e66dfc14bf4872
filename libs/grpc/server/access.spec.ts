import { expect } from 'chai';
import { describe, it } from 'mocha';
import { roles } from '#libs/auth/index.ts';
import { HealthService } from '#libs/contracts/health.ts';
import { v1, v1alpha } from '#libs/contracts/reflection.ts';
import { status } from '#libs/errors/index.ts';
import { serviceNames } from '#libs/mesh/index.ts';
import { createClient } from '../index.ts';
import { echoAccess, failure, startEcho } from '../fixtures/echo.ts';

/** One of each role. */
const tokens = [...roles.filter((role) => role !== 'service'), 'blob'];

describe('access', () => {
  it('lets in the roles that the table names and refuses the others with PERMISSION_DENIED', async () => {
    let answered = 0;
    const count = { say: async (note: { text: string }) => (answered++, note) };
    for (const role of roles) {
      await using echo = await startEcho(
        count,
        { access: echoAccess('operator', 'service') },
        { token: role === 'service' ? 'blob' : role },
      );
      const call = echo.client.say({ text: role });
      if (role === 'operator' || role === 'service') {
        expect(await call).to.deep.equal({ text: role });
      } else {
        const refused = await failure(call);
        expect(refused).to.include({ code: status.PERMISSION_DENIED, reason: 'ROLE_NOT_ALLOWED' });
        expect(refused.metadata).to.deep.equal({ role, allowed: 'operator, service' });
      }
    }
    expect(answered).to.equal(2);
  });

  it('lets in the services that the table names and refuses the others with PERMISSION_DENIED', async () => {
    for (const service of serviceNames) {
      await using echo = await startEcho({}, { access: echoAccess('service') }, { token: service });
      const call = echo.client.say({ text: service });
      if (service === 'blob') {
        expect(await call).to.deep.equal({ text: service });
      } else {
        const refused = await failure(call);
        expect(refused).to.include({
          code: status.PERMISSION_DENIED,
          reason: 'SERVICE_NOT_ALLOWED',
        });
        expect(refused.metadata).to.deep.equal({ service, allowed: 'blob' });
      }
    }
  });

  it('refuses every kind of rpc before its handler sees it', async () => {
    let seen = 0;
    const see = (): never => {
      seen++;
      throw new Error('seen');
    };
    await using echo = await startEcho(
      { say: see, list: see, gather: see, chat: see },
      {},
      { token: 'agent' },
    );
    const { client } = echo;
    for (const call of [
      () => client.say({ text: '' }),
      () => client.list({ text: '' }),
      () => client.gather([{ text: '' }]),
      () => client.chat().responses,
    ]) {
      expect(await failure(call())).to.include({ code: status.PERMISSION_DENIED });
    }
    expect(seen).to.equal(0);
  });

  it('asks for a missing token, and reports what is wrong with a bad one', async () => {
    await using none = await startEcho({}, {}, { token: undefined });
    expect(await failure(none.client.say({ text: '' }))).to.include({
      code: status.UNAUTHENTICATED,
      reason: 'TOKEN_MISSING',
    });
    await using wrong = await startEcho({}, {}, { token: 'nonsense' });
    expect(await failure(wrong.client.say({ text: '' }))).to.include({
      code: status.UNAUTHENTICATED,
      reason: 'TOKEN_INVALID',
    });
  });

  it('refuses everybody an rpc that the table does not list', async () => {
    for (const token of tokens) {
      await using echo = await startEcho({}, { access: new Map() }, { token });
      expect(await failure(echo.client.say({ text: '' }))).to.include({
        code: status.PERMISSION_DENIED,
        reason: 'RPC_NOT_OPEN',
      });
    }
  });

  it('opens a public rpc to everybody, without a caller', async () => {
    const access = new Map([
      ['/spec.Echo/Say', { roles: new Set<never>(), services: new Set<never>(), isPublic: true }],
    ]);
    const who = {
      say: async (_: unknown, call: { caller: unknown }) => ({ text: String(call.caller) }),
    };
    for (const token of [undefined, 'nonsense', 'agent']) {
      await using echo = await startEcho(who, { access }, { token });
      expect(await echo.client.say({ text: '' })).to.deep.equal({ text: 'undefined' });
    }
  });

  it('opens health to everybody and reflection to any valid token', async () => {
    await using echo = await startEcho();
    using health = createClient(HealthService, { target: echo.server.address });
    expect(await health.check({ service: '' })).to.deep.equal({ status: 'SERVING' });
    for (const service of [v1.ServerReflectionService, v1alpha.ServerReflectionService]) {
      using stranger = createClient(service, { target: echo.server.address });
      expect(await failure(stranger.serverReflectionInfo().responses)).to.include({
        code: status.UNAUTHENTICATED,
      });
      for (const token of tokens) {
        using client = createClient(service, { target: echo.server.address, token });
        const info = client.serverReflectionInfo();
        info.end();
        expect(await Array.fromAsync(info.responses)).to.deep.equal([]);
      }
    }
  });

  it('logs refused callers with the reason', async () => {
    await using echo = await startEcho({}, {}, { token: 'agent' });
    await failure(echo.client.say({ text: '' }));
    expect(echo.logs()).to.match(
      /"level":"info".*"role":"agent","subject":"the-agent".*"reason":"ROLE_NOT_ALLOWED"/,
    );
  });
});
