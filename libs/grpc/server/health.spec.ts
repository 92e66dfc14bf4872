import { expect } from 'chai';
import { describe, it } from 'mocha';
import { HealthService } from '#libs/contracts/health.ts';
import { status } from '#libs/errors/index.ts';
import { failure, startEcho } from '../fixtures/echo.ts';
import { createClient } from '../index.ts';

const start = async () => {
  const stack = new AsyncDisposableStack();
  const echo = stack.use(await startEcho());
  const health = stack.use(createClient(HealthService, { target: echo.server.address }));
  return { ...echo, health, [Symbol.asyncDispose]: () => stack.disposeAsync() };
};

describe('health', () => {
  it('reports the server and each of its services as SERVING, and others as NOT_FOUND', async () => {
    await using mesh = await start();
    expect(await mesh.health.check({ service: '' })).to.deep.equal({ status: 'SERVING' });
    expect(await mesh.health.check({ service: 'spec.Echo' })).to.deep.equal({ status: 'SERVING' });
    expect(await failure(mesh.health.check({ service: 'spec.Other' }))).to.include({
      code: status.NOT_FOUND,
      reason: 'SERVICE_UNKNOWN',
    });
    expect(await mesh.health.list({})).to.deep.equal({
      statuses: { '': { status: 'SERVING' }, 'spec.Echo': { status: 'SERVING' } },
    });
  });

  it('tells watchers the present state and each change, also of later services, until the drain', async () => {
    await using mesh = await start();
    const watch = mesh.health.watch({ service: 'later' })[Symbol.asyncIterator]();
    const next = async () => (await watch.next()).value?.status;
    expect(await next()).to.equal('SERVICE_UNKNOWN');
    mesh.server.health.set('later', true);
    expect(await next()).to.equal('SERVING');
    mesh.server.health.set('spec.Echo', false);
    mesh.server.health.set('later', false);
    expect(await next()).to.equal('NOT_SERVING');
    mesh.server.health.set('later', true);
    expect(await next()).to.equal('SERVING');
    const drained = mesh.server.drain(5_000);
    expect(await next()).to.equal('NOT_SERVING');
    expect(await next()).to.equal(undefined);
    await drained;
  });
});
