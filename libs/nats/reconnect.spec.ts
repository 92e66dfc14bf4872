import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { status } from '#libs/errors/index.ts';
import { eventually, startNats, startProxy, type TestStore, errorOf } from '#libs/testing/index.ts';
import { bytesOf, testBus, textOf } from './fixtures/bus.ts';

const SUBJECT = 'muster.user.v1.m-1.start-rendering';
const FACT = 'muster.user.v1.machine.m-1.connected';

/** Listens in place of the server, and hangs up on this many attempts to connect. */
const refuse = async (port: number, attempts: number): Promise<void> => {
  const server = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    await once(server, 'connection');
  }
  server.close();
  await once(server, 'close');
};

describe('a bus', () => {
  let nats: TestStore;
  beforeEach(async () => {
    nats = await startNats({ password: 'a password' });
  });
  afterEach(() => nats[Symbol.asyncDispose]());

  it('serves and asks again after the server was killed and restarted on the same port', async () => {
    await using serving = await testBus(nats.url);
    await using asking = await testBus(nats.url);
    await serving.serve(SUBJECT, async (bytes) => bytes).ready();
    const backs = [serving, asking].map((bus) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      bus.onReconnect(resolve);
      return promise;
    });

    await nats.kill('SIGKILL');
    await eventually(() => expect(asking.connected()).to.equal(false));
    const away = await errorOf(asking.request(SUBJECT, bytesOf(''), { timeoutMs: 60_000 }));
    expect(away).to.include({ code: status.UNAVAILABLE, reason: 'DEPENDENCY_UNAVAILABLE' });
    expect(away.metadata).to.deep.equal({ dependency: 'nats' });
    expect(await errorOf(asking.publishFact(FACT, bytesOf(''), 'a'))).to.include({
      reason: 'DEPENDENCY_UNAVAILABLE',
    });
    expect(() => asking.publish(SUBJECT, bytesOf(''))).not.to.throw();

    await nats.restart();
    await Promise.all(backs);
    expect(asking.connected()).to.equal(true);
    await serving.serve('muster.user.v1.m-1.ready', async () => undefined).ready();
    expect(textOf(await asking.request(SUBJECT, bytesOf('again'), { timeoutMs: 5_000 }))).to.equal(
      'again',
    );
    await asking.publishFact(FACT, bytesOf(''), 'a');
  });

  it('reports a reconnect once, however many attempts it took', async () => {
    await using bus = await testBus(nats.url);
    let backs = 0;
    bus.onReconnect(() => {
      backs += 1;
    });
    const stop = bus.onReconnect(() => expect.fail('it was told to stop'));
    stop();
    bus.onReconnect(() => {
      throw new Error('a listener that breaks');
    });
    await nats.kill('SIGKILL');
    await refuse(nats.port, 3);
    await nats.restart();
    await eventually(() => expect(backs).to.equal(1));
    await bus.publishFact(FACT, bytesOf(''), 'a');
    expect(backs).to.equal(1);
  });

  it('fails a request with an unknown outcome as soon as the connection breaks', async () => {
    await using bus = await testBus(nats.url);
    const arrived = Promise.withResolvers<void>();
    const never = Promise.withResolvers<undefined>();
    await bus
      .serve(SUBJECT, () => {
        arrived.resolve();
        return never.promise;
      })
      .ready();
    const asked = errorOf(bus.request(SUBJECT, bytesOf(''), { timeoutMs: 60_000 }));
    await arrived.promise;
    await nats.kill('SIGKILL');
    const error = await asked;
    expect(error).to.include({ code: status.UNAVAILABLE, reason: 'DEPENDENCY_UNAVAILABLE' });
    expect(error.metadata).to.deep.equal({ dependency: 'nats', outcome: 'unknown' });
    never.resolve(undefined);
  });

  it('notices a network that swallows everything, and reconnects', async () => {
    await using proxy = await startProxy({ target: nats.port });
    const url = new URL(nats.url);
    url.port = String(proxy.port);
    await using bus = await testBus(url.href);
    const back = Promise.withResolvers<void>();
    bus.onReconnect(back.resolve);
    proxy.blackhole();
    const error = await errorOf(bus.request(SUBJECT, bytesOf(''), { timeoutMs: 100 }));
    expect(error).to.include({ code: status.UNAVAILABLE, reason: 'DEPENDENCY_UNAVAILABLE' });
    await eventually(() => expect(bus.connected()).to.equal(false), { withinMs: 8_000 });
    proxy.cut();
    proxy.heal();
    await back.promise;
    await bus.publishFact(FACT, bytesOf(''), 'a');
  });

  it('closes even without a connection', async () => {
    const bus = await testBus(nats.url);
    bus.serve(SUBJECT, async () => undefined);
    await nats.kill('SIGKILL');
    await eventually(() => expect(bus.connected()).to.equal(false));
    await bus.close();
    await bus.close();
    expect(bus.connected()).to.equal(false);
  });
});

describe('connectBus', () => {
  it('waits for a server that is still starting', async () => {
    await using nats = await startNats();
    await nats.kill('SIGKILL');
    const connecting = testBus(nats.url);
    await nats.restart();
    await using bus = await connecting;
    expect(bus.connected()).to.equal(true);
  });

  it('gives up in time, naming nats, and leaves nothing behind', async () => {
    await using nats = await startNats();
    await nats.stop();
    const error = await errorOf(testBus(nats.url, { timeoutMs: 300 }));
    expect(error).to.include({ code: status.UNAVAILABLE, reason: 'DEPENDENCY_UNAVAILABLE' });
    expect(error.metadata).to.deep.equal({ dependency: 'nats' });
  });

  it('does not wait if the password is refused', async () => {
    await using nats = await startNats({ password: 'right' });
    const error = await errorOf(testBus(nats.url.replace('right', 'wrong'), { timeoutMs: 60_000 }));
    expect(error.message).to.include('refuses the user or password');
  });
});
