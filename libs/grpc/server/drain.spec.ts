import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { status } from '#libs/errors/index.ts';
import { type Note, failure, startEcho } from '../fixtures/echo.ts';

/** A handler that waits until it may go on, and the reasons that its signals gave. */
const held = () => {
  const began = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  return {
    began: began.promise,
    release: release.resolve,
    say: async (note: Note): Promise<Note> => {
      began.resolve();
      await release.promise;
      return note;
    },
  };
};

describe('drain', () => {
  it('finishes an open call, and takes no new ones', async () => {
    const { say, began, release } = held();
    await using echo = await startEcho({ say });
    const going = echo.client.say({ text: 'going' });
    await began;
    const drained = echo.server.drain(5_000);
    const socket = connect(echo.server.port, '127.0.0.1');
    const [refused]: unknown[] = await once(socket, 'error');
    expect(refused).to.include({ code: 'ECONNREFUSED' });
    release();
    expect(await going).to.deep.equal({ text: 'going' });
    await drained;
  });

  it('is over at once without open calls, even if a connection stays open', async () => {
    await using echo = await startEcho();
    await echo.client.say({ text: '' });
    const began = performance.now();
    await echo.server.drain(10_000);
    expect(performance.now() - began).to.be.below(400);
  });

  it('ends a chat that stays open with UNAVAILABLE, after the grace', async () => {
    const reasons: unknown[] = [];
    await using echo = await startEcho({
      async *chat(requests, { signal }) {
        signal.addEventListener('abort', () => reasons.push(signal.reason));
        yield* requests;
      },
    });
    const chat = echo.client.chat();
    const heard = chat.responses[Symbol.asyncIterator]();
    await chat.send({ text: 'here' });
    expect(await heard.next()).to.deep.equal({ done: false, value: { text: 'here' } });
    const began = performance.now();
    await echo.server.drain(300);
    expect(performance.now() - began).to.be.within(290, 1_500);
    const ended = await heard.next().catch((error: unknown) => error);
    expect(ended).to.include({
      code: status.UNAVAILABLE,
      reason: 'SERVER_DRAINING',
      retryAfterMs: 1_000,
    });
    expect(reasons).to.have.lengthOf(1);
  });

  it('lets a stream end itself that listens to the beginning of the drain', async () => {
    await using echo = await startEcho({
      async *list(_, { draining }) {
        yield { text: 'now' };
        await once(draining, 'abort');
        yield { text: 'goodbye' };
      },
    });
    const heard: string[] = [];
    const began = performance.now();
    let drained: Promise<void> | undefined;
    for await (const { text } of echo.client.list({ text: '' })) {
      heard.push(text);
      drained ??= echo.server.drain(10_000);
    }
    await drained;
    expect(heard).to.deep.equal(['now', 'goodbye']);
    expect(performance.now() - began).to.be.below(1_500);
  });

  it('ends every other call after the grace, even if its handler does not listen', async () => {
    const { say, began } = held();
    await using echo = await startEcho({ say });
    const going = failure(echo.client.say({ text: '' }));
    await began;
    await echo.server.drain(100);
    expect(await going).to.include({ code: status.UNAVAILABLE, reason: 'SERVER_DRAINING' });
  });

  it('ends even if a peer neither reads nor answers', async () => {
    await using echo = await startEcho();
    const socket = connect(echo.server.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
    socket.pause();
    const closed = once(socket.resume(), 'close');
    await echo.server.drain(100);
    await closed;
  });

  it('may be called twice', async () => {
    await using echo = await startEcho();
    await Promise.all([
      echo.server.drain(100),
      echo.server.drain(100),
      echo.server[Symbol.asyncDispose](),
    ]);
  });
});
