import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { status } from '#libs/errors/index.ts';
import { type Echo, failure, type Note, startEcho } from '../fixtures/echo.ts';

const HEADERS = {
  ':method': 'POST',
  te: 'trailers',
  'content-type': 'application/grpc',
  authorization: 'Bearer customer',
};

/** A message as it is on the wire; `flags` 1 means that it is compressed. */
const frame = (
  payload: string | Buffer,
  flags = 0,
  length = Buffer.byteLength(payload),
): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, Buffer.from(payload)]);
};

/** An HTTP/2 session without grpc-js, which can misbehave. */
const speak = async ({ server }: Echo): Promise<ClientHttp2Session> => {
  const session = connect(`http://127.0.0.1:${server.port}`);
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
};

const NOTE = JSON.stringify({ text: 'a' });

/** Sends bytes as the body of a call and answers with its grpc-status. */
const callRaw = async (
  session: ClientHttp2Session,
  path: string,
  body: Buffer,
  headers = {},
): Promise<number> => {
  const stream = session.request({ ...HEADERS, ':path': path, ...headers });
  stream.on('error', () => {});
  const answered = new Promise<number>((resolve) => {
    for (const event of ['response', 'trailers'] as const) {
      stream.on(event, (received: Record<string, unknown>) => {
        if (received['grpc-status'] !== undefined) {
          resolve(Number(received['grpc-status']));
        }
      });
    }
    stream.on('close', () => resolve(-1));
  });
  stream.resume().end(body);
  return answered;
};

/** Handlers that tell how reading the requests of a client stream ended. */
const watchedUpload = () => {
  const began = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<unknown>();
  const gather = async (requests: AsyncIterable<Note>): Promise<Note> => {
    try {
      for await (const _ of requests) {
        began.resolve();
      }
      ended.resolve('complete');
    } catch (thrown) {
      ended.resolve(thrown);
      throw thrown;
    }
    return { text: '' };
  };
  return { gather, began: began.promise, ended: ended.promise };
};

describe('a server that gets nonsense', () => {
  it('refuses a message that it cannot decode with INVALID_ARGUMENT, for each kind of rpc', async () => {
    await using echo = await startEcho();
    const session = await speak(echo);
    for (const method of ['Say', 'List', 'Gather', 'Chat']) {
      expect(await callRaw(session, `/spec.Echo/${method}`, frame('not json')), method).to.equal(
        status.INVALID_ARGUMENT,
      );
    }
    session.destroy();
  });

  it('refuses a call without message, and malformed protobuf', async () => {
    await using echo = await startEcho();
    const session = await speak(echo);
    expect(await callRaw(session, '/spec.Echo/Say', Buffer.alloc(0))).to.equal(
      status.INVALID_ARGUMENT,
    );
    const broken = frame(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x01, 0x61]));
    expect(await callRaw(session, '/grpc.health.v1.Health/Check', broken)).to.equal(
      status.INVALID_ARGUMENT,
    );
    session.destroy();
  });

  it('answers and survives, whatever the frames and headers are', async () => {
    await using echo = await startEcho();
    const attempts: [string, Buffer, Record<string, string>][] = [
      ['/spec.Echo/Say', frame('never gzip', 1), { 'grpc-encoding': 'gzip' }],
      ['/spec.Echo/Chat', frame('never deflate', 1), { 'grpc-encoding': 'deflate' }],
      ['/spec.Echo/Say', frame(NOTE, 1), { 'grpc-encoding': 'snappy' }],
      ['/spec.Echo/Say', frame(NOTE, 0, 2 ** 32 - 1), {}],
      ['/spec.Echo/Chat', frame(NOTE, 0, NOTE.length + 1), {}],
      ['/spec.Echo/Say', frame(NOTE, 255), {}],
      ['/spec.Echo/Say', Buffer.from('ab'), {}],
      ['/spec.Echo/Say', frame(NOTE), { 'grpc-timeout': 'soon' }],
      ['/spec.Echo/Say', frame(NOTE), { 'grpc-timeout': '99999999H' }],
      ['/spec.Echo/Say', frame(NOTE), { 'content-type': 'text/html' }],
      ['/spec.Echo/Say', frame(NOTE), { authorization: 'Bearer ' }],
      [
        '/spec.Echo/Say',
        frame(NOTE),
        { traceparent: '00-zz', 'x-request-id': '\t', 'x-bin': '%%%' },
      ],
      ['/spec.Echo/None', frame(NOTE), {}],
      ['/', frame(NOTE), {}],
      ['*', frame(NOTE), {}],
      ['/constructor/__proto__', frame(NOTE), {}],
    ];
    for (const [path, body, headers] of attempts) {
      const session = await speak(echo);
      await callRaw(session, path, body, headers);
      session.destroy();
      expect(await echo.client.say({ text: path })).to.deep.equal({ text: path });
    }
  });

  it('survives bytes that are not HTTP/2', async () => {
    await using echo = await startEcho();
    for (const junk of [
      'GET / HTTP/1.1\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\njunk'.repeat(50),
      '\0'.repeat(9_000),
    ]) {
      const socket = connectTcp(echo.server.port, '127.0.0.1');
      socket.on('error', () => {}).resume();
      socket.end(junk);
      await once(socket, 'close');
    }
    expect(await echo.client.say({ text: 'fine' })).to.deep.equal({ text: 'fine' });
  });

  it('survives a handler that throws anything at any time, and tells the caller nothing about it', async () => {
    const thrown: unknown[] = [
      new TypeError('secret'),
      'secret',
      undefined,
      null,
      { code: 5, message: 'secret' },
      Symbol('x'),
    ];
    for (const each of thrown) {
      const throwIt = (): never => {
        throw each;
      };
      await using echo = await startEcho({
        say: throwIt,
        gather: async () => throwIt(),
        async *list() {
          yield { text: 'first' };
          throwIt();
        },
        // @ts-expect-error an answer of the wrong kind
        chat: () => 'no stream',
      });
      const { client } = echo;
      for (const call of [
        () => client.say({ text: '' }),
        () => client.gather([]),
        () => client.list({ text: '' }),
        () => client.chat().responses,
      ]) {
        expect(await failure(call())).to.include({
          code: status.INTERNAL,
          reason: 'INTERNAL',
          message: 'internal error',
        });
      }
      if (each instanceof Error) {
        expect(echo.logs()).to.match(/"level":"error".*"type":"TypeError","message":"secret"/);
      }
    }
  });
});

describe('a caller that leaves', () => {
  it('aborts the signal of the handler, with the reason', async () => {
    const seen = Promise.withResolvers<AbortSignal>();
    await using echo = await startEcho({
      say: (_, { signal }) => {
        seen.resolve(signal);
        return new Promise(() => {});
      },
    });
    const controller = new AbortController();
    const call = failure(echo.client.say({ text: '' }, { signal: controller.signal }));
    const signal = await seen.promise;
    expect(signal.aborted).to.equal(false);
    controller.abort();
    expect(await call).to.include({ code: status.CANCELLED });
    if (!signal.aborted) {
      await once(signal, 'abort');
    }
    expect(signal.reason).to.include({ code: status.CANCELLED, reason: 'CALL_CANCELLED' });
  });

  it('ends a stream of answers when the caller leaves the loop over them', async () => {
    const ended = Promise.withResolvers<void>();
    await using echo = await startEcho({
      async *list(_, { signal }) {
        try {
          while (!signal.aborted) {
            yield { text: 'again' };
          }
        } finally {
          ended.resolve();
        }
      },
    });
    for await (const { text } of echo.client.list({ text: '' })) {
      expect(text).to.equal('again');
      break;
    }
    await ended.promise;
  });

  it('does not abort the signal of a call that ended as it should', async () => {
    const signals: AbortSignal[] = [];
    await using echo = await startEcho({
      say: async (note, { signal }) => {
        signals.push(signal);
        return note;
      },
    });
    await echo.client.say({ text: '' });
    await echo.client.say({ text: '' });
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false, false]);
  });

  const leaving: Record<
    string,
    (session: ClientHttp2Session, stream: ReturnType<ClientHttp2Session['request']>) => void
  > = {
    'cuts its connection': (session) => session.socket.destroy(),
    'ends its connection': (session) => session.destroy(),
    'cancels the call': (_, stream) => stream.close(constants.NGHTTP2_CANCEL),
    'resets the call without an error': (_, stream) => stream.close(constants.NGHTTP2_NO_ERROR),
  };
  for (const [how, leave] of Object.entries(leaving)) {
    it(`never looks as if its upload were complete: ${how}`, async () => {
      for (let round = 0; round < 25; round++) {
        const { gather, began, ended } = watchedUpload();
        await using echo = await startEcho({ gather });
        const session = await speak(echo);
        const stream = session.request({ ...HEADERS, ':path': '/spec.Echo/Gather' });
        stream.on('error', () => {});
        stream.write(frame(NOTE));
        await began;
        leave(session, stream);
        expect(await ended).to.be.instanceOf(Error);
        session.destroy();
      }
    });
  }

  it('is distinguished from one that ended its requests', async () => {
    const { gather, ended } = watchedUpload();
    await using echo = await startEcho({ gather });
    await echo.client.gather([{ text: 'a' }]);
    expect(await ended).to.equal('complete');
  });
});
