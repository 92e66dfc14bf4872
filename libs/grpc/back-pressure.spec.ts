import { once } from 'node:events';
import { connect, constants } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { type Note, startEcho } from './fixtures/echo.ts';

const CHUNK = 'x'.repeat(65_536);

// The most that can wait in a stream, in the windows of HTTP/2 and in the buffers of the kernel.
const MAX_CHUNKS = 80;

/** Resolves with a count that has not changed for a while. */
const standing = async (count: () => number): Promise<number> => {
  for (;;) {
    const before = count();
    await delay(200);
    if (before > 0 && count() === before) {
      return before;
    }
  }
};

const forEver = (call: { signal: AbortSignal }): Promise<never> =>
  new Promise((_, reject) => {
    call.signal.addEventListener('abort', () => reject(new Error('over')), { once: true });
  });

describe('back-pressure', () => {
  it('stops a handler whose answers are not read, and resumes it when they are', async () => {
    let produced = 0;
    await using echo = await startEcho({
      async *list() {
        for (; produced < 1_000; produced++) {
          yield { text: CHUNK };
        }
      },
    });
    const answers = echo.client.list({ text: '' })[Symbol.asyncIterator]();
    await answers.next();
    const waiting = await standing(() => produced);
    expect(waiting).to.be.below(MAX_CHUNKS);
    for (let i = 0; i < 2 * MAX_CHUNKS; i++) {
      await answers.next();
    }
    expect(produced).to.be.above(waiting);
    await answers.return?.();
  });

  it('stops a client whose requests are not read', async () => {
    let sent = 0;
    await using echo = await startEcho({ gather: (_, call) => forEver(call) });
    async function* flood() {
      for (; sent < 1_000; sent++) {
        yield { text: CHUNK };
      }
    }
    const controller = new AbortController();
    const call = echo.client
      .gather(flood(), { signal: controller.signal })
      .catch((error: unknown) => error);
    expect(await standing(() => sent)).to.be.below(MAX_CHUNKS);
    controller.abort();
    expect(await call).to.include({ reason: 'CANCELLED' });
  });

  it('stops each side of a chat independently', async () => {
    let said = 0;
    await using echo = await startEcho({
      async *chat(requests: AsyncIterable<Note>) {
        for await (const request of requests) {
          said++;
          yield request;
        }
      },
    });
    const chat = echo.client.chat();
    let sent = 0;
    const sending = (async () => {
      for (; sent < 1_000; sent++) {
        await chat.send({ text: CHUNK });
      }
    })().catch((error: unknown) => error);
    expect(await standing(() => sent)).to.be.below(2 * MAX_CHUNKS);
    expect(said).to.be.below(MAX_CHUNKS);
    chat.cancel();
    expect(await sending).to.include({ reason: 'CANCELLED' });
  });

  it('keeps the memory of a flooded stream small', async function () {
    this.timeout(30_000);
    await using echo = await startEcho({
      gather: async (requests) => {
        let bytes = 0;
        for await (const { text } of requests) {
          bytes += text.length;
        }
        return { text: String(bytes) };
      },
    });
    function* flood() {
      for (let i = 0; i < 6_000; i++) {
        yield { text: CHUNK };
      }
    }
    const before = process.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
    expect(await echo.client.gather(flood())).to.deep.equal({ text: String(6_000 * CHUNK.length) });
    clearInterval(watch);
    expect(most - before).to.be.below(192 * 2 ** 20);
  });

  it('cuts off a caller that does not read, some seconds after the end of the call', async () => {
    const quick = {
      ...systemClock,
      setTimer: (ms: number, fn: () => void) => systemClock.setTimer(ms / 50, fn),
    };
    const blocked = Promise.withResolvers<void>();
    await using echo = await startEcho(
      {
        async *list() {
          const stuck = setTimeout(() => blocked.resolve(), 300);
          for (let i = 0; i < MAX_CHUNKS; i++) {
            yield { text: CHUNK };
            stuck.refresh();
          }
        },
      },
      { clock: quick },
    );
    const session = connect(`http://127.0.0.1:${echo.server.port}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/spec.Echo/List',
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: 'Bearer customer',
      'grpc-timeout': '30S',
    });
    stream.on('error', () => {});
    const body = Buffer.from(JSON.stringify({ text: '' }));
    const closed = once(stream, 'close');
    stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, body.length]), body]));
    await blocked.promise;
    // By the quick clock the deadline passes at 600 ms. The status waits behind the unread messages.
    await closed;
    expect(stream.rstCode).to.equal(constants.NGHTTP2_CANCEL);
    session.destroy();
  });
});
