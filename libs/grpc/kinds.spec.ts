import { expect } from 'chai';
import { describe, it } from 'mocha';
import { DomainError, invalidFields, status } from '#libs/errors/index.ts';
import { currentTrace, startTrace, withTrace } from '#libs/telemetry/index.ts';
import { failure, startEcho } from './fixtures/echo.ts';

const collect = async (notes: AsyncIterable<{ text: string }>): Promise<string[]> =>
  (await Array.fromAsync(notes)).map(({ text }) => text);

async function* endless() {
  for (;;) {
    yield { text: 'x'.repeat(10_000) };
  }
}

const said = (name: string) => ({ say: async () => ({ text: name }) });

describe('the four kinds of rpc', () => {
  it('carry requests and answers', async () => {
    await using echo = await startEcho();
    expect(await echo.client.say({ text: 'hello' })).to.deep.equal({ text: 'hello' });
    expect(await collect(echo.client.list({ text: 'abc' }))).to.deep.equal(['a', 'b', 'c']);
    expect(await echo.client.gather([{ text: 'a' }, { text: 'b' }])).to.deep.equal({ text: 'ab' });
    const chat = echo.client.chat();
    const heard = collect(chat.responses);
    await chat.send({ text: 'one' });
    await chat.send({ text: 'two' });
    chat.end();
    expect(await heard).to.deep.equal(['one', 'two']);
  });

  it('carry empty streams', async () => {
    await using echo = await startEcho();
    expect(await collect(echo.client.list({ text: '' }))).to.deep.equal([]);
    expect(await echo.client.gather([])).to.deep.equal({ text: '' });
    const chat = echo.client.chat();
    chat.end();
    expect(await collect(chat.responses)).to.deep.equal([]);
  });

  it('report an error right after an answer, even while the caller may still send', async () => {
    await using echo = await startEcho({
      async *chat(requests) {
        const incoming = requests[Symbol.asyncIterator]();
        await incoming.next();
        void incoming.next().catch(() => undefined);
        yield { text: 'last words' };
        throw new DomainError(status.ABORTED, 'SUPERSEDED', 'gone');
      },
    });
    const chat = echo.client.chat();
    await chat.send({ text: 'hello' });
    const heard: string[] = [];
    const listen = async (): Promise<void> => {
      for await (const { text } of chat.responses) {
        heard.push(text);
      }
    };
    const failed = await failure(listen());
    expect(heard).to.deep.equal(['last words']);
    expect(failed.reason).to.equal('SUPERSEDED');
  });

  it('report every error whole', async () => {
    const error = new DomainError(
      status.RESOURCE_EXHAUSTED,
      'POOL_EXHAUSTED',
      'all 6 are taken: wait',
      { size: 6 },
      { retryAfterMs: 1_500 },
    );
    const fail = (): never => {
      throw error;
    };
    await using echo = await startEcho({ say: fail, list: fail, gather: fail, chat: fail });
    const { client } = echo;
    for (const call of [
      () => client.say({ text: '' }),
      () => client.list({ text: '' }),
      () => client.gather([{ text: '' }]),
      () => client.chat().responses,
    ]) {
      const read = await failure(call());
      expect(read).to.include({
        code: error.code,
        reason: error.reason,
        message: error.message,
        retryAfterMs: 1_500,
      });
      expect(read.metadata).to.deep.equal({ size: '6' });
    }
  });

  it('reports an error after some answers, with all wrong fields', async () => {
    await using echo = await startEcho({
      async *list() {
        yield { text: 'first' };
        throw invalidFields([
          { field: 'a', description: 'is wrong' },
          { field: 'b', description: 'too' },
        ]);
      },
    });
    const seen: string[] = [];
    const read = async () => {
      for await (const { text } of echo.client.list({ text: '' })) {
        seen.push(text);
      }
    };
    expect((await failure(read())).violations).to.have.lengthOf(2);
    expect(seen).to.deep.equal(['first']);
  });

  it('keeps an error until the caller reads the answers', async () => {
    await using echo = await startEcho({}, {}, { token: 'nonsense' });
    const chat = echo.client.chat();
    const refused = await chat
      .send({ text: 'x'.repeat(2_000_000) })
      .catch((error: unknown) => error);
    expect(refused).to.include({ reason: 'TOKEN_INVALID' });
    expect(await failure(chat.responses)).to.equal(refused);
  });

  it('lets a server answer an upload before it is complete', async () => {
    await using echo = await startEcho({ gather: async () => ({ text: 'enough' }) });
    expect(await echo.client.gather(endless())).to.deep.equal({ text: 'enough' });
  });

  it('ends the call with the error of the source when that fails', async () => {
    const heard = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<unknown>();
    await using echo = await startEcho({
      gather: async (requests, { signal }) => {
        signal.addEventListener('abort', () => ended.resolve(signal.reason));
        let count = 0;
        for await (const _ of requests) {
          count++;
          heard.resolve();
        }
        return { text: String(count) };
      },
    });
    async function* broken() {
      yield { text: 'a' };
      await heard.promise;
      throw new RangeError('the disk is gone');
    }
    const thrown = await echo.client.gather(broken()).catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(RangeError);
    expect(await ended.promise).to.include({ reason: 'CALL_CANCELLED' });
  });

  it('gives the handler the caller, the request id and the trace', async () => {
    await using echo = await startEcho({
      say: async (_, call) => ({
        text: JSON.stringify({
          ...call.caller,
          id: call.requestId,
          trace: currentTrace()?.traceId,
        }),
      }),
    });
    const trace = startTrace();
    const { text } = await withTrace(trace, () =>
      echo.client.say({ text: '' }, { requestId: 'r-1' }),
    );
    expect(JSON.parse(text)).to.deep.equal({
      role: 'customer',
      subject: 'the-customer',
      id: 'r-1',
      trace: trace.traceId,
    });
    expect(echo.logs()).to.match(/"method":"\/spec.Echo\/Say","requestId":"r-1"/);
  });

  it('makes a request id if it is missing or harmful', async () => {
    await using echo = await startEcho({ say: async (_, call) => ({ text: call.requestId }) });
    for (const options of [{}, { requestId: 'a b' }, { requestId: 'x'.repeat(65) }]) {
      expect((await echo.client.say({ text: '' }, options)).text).to.match(/^r-[a-z0-9]{16}$/);
    }
  });
});

describe('createClient', () => {
  it('asks for the token with each call', async () => {
    const tokens = ['customer', 'nonsense'];
    await using echo = await startEcho({}, {}, { token: () => tokens.shift() ?? '' });
    await echo.client.say({ text: '' });
    expect(await failure(echo.client.say({ text: '' }))).to.include({ reason: 'TOKEN_INVALID' });
  });

  it('is ready when connected, and UNAVAILABLE if nothing listens', async () => {
    const { server, client } = await startEcho();
    await client.ready(2_000);
    client.close();
    await server.drain(0);
    await using other = await startEcho({}, {}, { target: server.address });
    expect(await failure(other.client.ready(200))).to.include({ code: status.UNAVAILABLE });
    expect(await failure(other.client.say({ text: '' }))).to.include({ code: status.UNAVAILABLE });
  });

  it('cancels open calls when it is closed, and refuses later ones', async () => {
    await using echo = await startEcho({ say: () => new Promise(() => {}) });
    const waiting = failure(echo.client.say({ text: '' }));
    await echo.client.ready(2_000);
    echo.client.close();
    expect(await waiting).to.include({ code: status.CANCELLED });
    expect(await failure(echo.client.say({ text: '' }))).to.include({ code: status.CANCELLED });
    expect(await failure(echo.client.list({ text: '' }))).to.include({ code: status.CANCELLED });
  });

  it('spreads calls over the addresses of its target, and survives the loss of one', async () => {
    const one = await startEcho(said('one'));
    await using two = await startEcho(
      said('two'),
      {},
      {
        target: `ipv4:127.0.0.1:${one.server.port}`,
      },
    );
    await using both = await startEcho(
      {},
      {},
      { target: `ipv4:127.0.0.1:${one.server.port},127.0.0.1:${two.server.port}` },
    );
    const names = new Set<string>();
    while (names.size < 2) {
      names.add((await both.client.say({ text: '' })).text);
    }
    await one[Symbol.asyncDispose]();
    for (let i = 0; i < 10; i++) {
      expect(await both.client.say({ text: '' })).to.deep.equal({ text: 'two' });
    }
  });

  it('connects again by itself when the server is back', async () => {
    const first = await startEcho();
    const listen = `127.0.0.1:${first.server.port}`;
    await first.client.say({ text: '' });
    await first.server.drain(0);
    await using second = await startEcho({}, { listen });
    await first.client.ready(5_000);
    expect(await first.client.say({ text: 'again' })).to.deep.equal({ text: 'again' });
    first.client.close();
    expect(second.server.port).to.equal(first.server.port);
  });
});
