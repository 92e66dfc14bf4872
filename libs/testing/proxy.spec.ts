import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { eventually, type Proxy, startProxy } from './index.ts';

/** A client with all that it received. */
interface Client {
  socket: Socket;
  heard: () => string;
  hears: (text: string) => Promise<void>;
  closed: Promise<unknown>;
}

describe('startProxy', () => {
  let target: Server;
  let proxy: Proxy;
  let received: string;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    received = '';
    // Echoes everything, and answers an end with `bye`.
    target = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (bytes: Buffer) => {
        received += bytes.toString();
        socket.write(bytes);
      });
      socket.on('end', () => socket.end('bye'));
    });
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    proxy = await startProxy({ target: (target.address() as AddressInfo).port });
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    for (const socket of sockets.splice(0)) {
      socket.destroy();
    }
    target.close();
    await once(target, 'close');
  });

  const client = async (): Promise<Client> => {
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
    sockets.push(socket);
    let heard = '';
    socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), closed]);
    return {
      socket,
      heard: () => heard,
      hears: (text) => eventually(() => void expect(heard).to.equal(text)),
      closed,
    };
  };

  it('passes everything on, including the end of a stream', async () => {
    const { socket, hears, closed } = await client();
    socket.write('hello ');
    socket.end('world ');
    await hears('hello world bye');
    await closed;
    await eventually(() => expect(proxy.connections()).to.equal(0));
  });

  it('passes a large stream on completely to a slow reader', async () => {
    const { socket, heard, closed } = await client();
    const text = 'muster'.repeat(3_000_000);
    socket.pause();
    socket.end(text);
    await eventually(() => expect(received.length).to.be.above(1_000_000));
    socket.resume();
    await closed;
    expect(heard() === `${text}bye`).to.equal(true);
  });

  it('delays both ways, in order', async () => {
    const { socket, hears } = await client();
    proxy.delay(100);
    const started = performance.now();
    socket.write('a');
    await eventually(() => expect(received).to.equal('a'), { everyMs: 5 });
    expect(performance.now() - started).to.be.above(95);
    socket.write('b');
    await hears('ab');
    expect(performance.now() - started).to.be.above(195);
  });

  it('breaks old and new connections until it is healed', async () => {
    const first = await client();
    proxy.cut();
    await first.closed;
    const second = await client();
    await second.closed;
    proxy.heal();
    const third = await client();
    third.socket.write('a');
    await third.hears('a');
  });

  it('passes nothing on as a black hole, not even the end of the target', async () => {
    const { socket, heard, hears } = await client();
    socket.write('a');
    await hears('a');
    proxy.blackhole();
    socket.write('b');
    await proxy.caught('requests');
    for (const each of sockets) {
      if (each !== socket) {
        each.destroy();
      }
    }
    await proxy.caught('replies');
    expect([received, heard(), socket.destroyed]).to.deep.equal(['a', 'a', false]);
    proxy.heal();
    await eventually(() => expect(socket.readableEnded).to.equal(true));
  });

  it('holds replies back while requests arrive, and passes them on afterwards', async () => {
    const { socket, heard, hears } = await client();
    proxy.hold('replies');
    socket.write('a');
    await proxy.caught('replies');
    expect([received, heard()]).to.deep.equal(['a', '']);
    proxy.heal();
    await hears('a');
  });

  it('drops replies, and breaks the connections that lost some at heal', async () => {
    const unharmed = await client();
    const harmed = await client();
    proxy.drop('replies');
    harmed.socket.write('a');
    await proxy.caught('replies');
    expect([received, harmed.heard()]).to.deep.equal(['a', '']);
    proxy.heal();
    await harmed.closed;
    unharmed.socket.write('b');
    await unharmed.hears('b');
  });

  it('refuses connections while the target does', async () => {
    target.close();
    for (const each of sockets) {
      each.destroy();
    }
    const { closed } = await client();
    await closed;
  });
});
