import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { DomainError, invalidFields, status } from '#libs/errors/index.ts';
import { currentTrace, startTrace, withTrace } from '#libs/telemetry/index.ts';
import { startNats, type TestStore, errorOf } from '#libs/testing/index.ts';
import type { Bus, BusMessage, ServeHandler, ServeOptions } from './bus.ts';
import { bytesOf, testBus, textOf } from './fixtures/bus.ts';

const SUBJECT = 'muster.session.v1.w-1.new-users';
const soon = { timeoutMs: 5_000 };

let nats: TestStore;
let asking: Bus;
let serving: Bus;

before(async () => {
  nats = await startNats({ password: 'a password' });
});
after(() => nats[Symbol.asyncDispose]());
beforeEach(async () => {
  [asking, serving] = await Promise.all([testBus(nats.url), testBus(nats.url)]);
});
afterEach(() => Promise.all([asking.close(), serving.close()]));

const serve = async (
  subject: string,
  handler: ServeHandler,
  options?: ServeOptions,
): Promise<void> => serving.serve(subject, handler, options).ready();
const ask = (
  subject: string,
  text = '',
  options: Partial<Parameters<Bus['request']>[2]> = {},
): Promise<string> => asking.request(subject, bytesOf(text), { ...soon, ...options }).then(textOf);

describe('request', () => {
  it('gets the bytes that the handler answers', async () => {
    await serve(SUBJECT, async (bytes) => bytesOf(`${textOf(bytes)}!`));
    expect(await ask(SUBJECT, 'hello')).to.equal('hello!');
  });

  it('gets no bytes from a handler that answers nothing', async () => {
    await serve(SUBJECT, async () => undefined);
    expect(await ask(SUBJECT)).to.equal('');
  });

  it('gets the DomainError of the handler as it was', async () => {
    const { violations } = invalidFields([{ field: 'users', description: 'is empty' }]);
    await serve(SUBJECT, () => {
      throw new DomainError(
        status.ABORTED,
        'NOT_OWNER',
        'ask w-2',
        { owner: 'w-2' },
        { violations, retryAfterMs: 70 },
      );
    });
    const error = await errorOf(ask(SUBJECT));
    expect(error).to.include({
      code: status.ABORTED,
      reason: 'NOT_OWNER',
      message: 'ask w-2',
      retryAfterMs: 70,
    });
    expect(error.metadata).to.deep.equal({ owner: 'w-2' });
    expect(error.violations).to.deep.equal(violations);
  });

  it('gets INTERNAL with a fixed text from a handler that breaks and goes on serving', async () => {
    let calls = 0;
    await serve(SUBJECT, async () => {
      calls += 1;
      if (calls === 1) {
        throw new TypeError('the password is 12345');
      }
      return bytesOf('fine');
    });
    expect(await errorOf(ask(SUBJECT))).to.include({
      code: status.INTERNAL,
      message: 'internal error',
    });
    expect(await ask(SUBJECT)).to.equal('fine');
  });

  it('fails at once with NO_RESPONDER if nobody serves the subject', async () => {
    const error = await errorOf(ask(SUBJECT, '', { timeoutMs: 60_000 }));
    expect(error).to.include({ code: status.UNAVAILABLE, reason: 'NO_RESPONDER' });
    expect(error.metadata).to.deep.equal({ subject: SUBJECT });
  });

  it('fails with REPLY_TIMEOUT if the answer is late', async () => {
    const answered = Promise.withResolvers<undefined>();
    await serve(SUBJECT, () => answered.promise);
    // The server has half of it to answer a ping, which is enough on a busy host.
    const error = await errorOf(ask(SUBJECT, '', { timeoutMs: 1_000 }));
    expect(error).to.include({ code: status.DEADLINE_EXCEEDED, reason: 'REPLY_TIMEOUT' });
    answered.resolve(undefined);
  });

  it('ends with the reason of its signal', async () => {
    const arrived = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<undefined>();
    await serve(SUBJECT, () => {
      arrived.resolve();
      return answered.promise;
    });
    const caller = new AbortController();
    const asked = errorOf(ask(SUBJECT, '', { signal: caller.signal }));
    await arrived.promise;
    caller.abort(new DomainError(status.CANCELLED, 'CANCELLED', 'nobody waits any more'));
    expect(await asked).to.include({ reason: 'CANCELLED' });
    expect(await errorOf(ask(SUBJECT, '', { signal: caller.signal }))).to.include({
      reason: 'CANCELLED',
    });
    answered.resolve(undefined);
  });

  it('refuses a request or an answer that is too large for the server', async () => {
    const huge = new Uint8Array(2 * 1024 * 1024);
    await serve(SUBJECT, async () => huge);
    const request = await errorOf(asking.request(SUBJECT, huge, soon));
    expect(request).to.include({ code: status.INVALID_ARGUMENT, reason: 'MESSAGE_TOO_LARGE' });
    expect(await errorOf(ask(SUBJECT))).to.include({ reason: 'MESSAGE_TOO_LARGE' });
    expect(() => asking.publish(SUBJECT, huge)).to.throw(DomainError, /less at a time/);
  });

  it('carries the trace and the request id', async () => {
    const seen: { message: BusMessage; traceId: string | undefined }[] = [];
    await serve(SUBJECT, async (_bytes, message) => {
      await Promise.resolve();
      seen.push({ message, traceId: currentTrace()?.traceId });
      return undefined;
    });
    const trace = startTrace();
    await withTrace(trace, () => ask(SUBJECT, '', { requestId: 'r-7' }));
    await ask(SUBJECT, '', { requestId: 'forged\r\nheader' });
    expect(seen[0]).to.deep.equal({
      message: { subject: SUBJECT, requestId: 'r-7', isRequest: true },
      traceId: trace.traceId,
    });
    expect(seen[1]?.message.requestId).to.match(/^r-[a-z0-9]{16}$/);
  });
});

describe('serve', () => {
  it('starts handlers in the order of arrival and runs them concurrently', async () => {
    const order: string[] = [];
    const last = Promise.withResolvers<void>();
    await serve(SUBJECT, async (bytes) => {
      order.push(textOf(bytes));
      if (order.length === 50) {
        last.resolve();
      }
      await last.promise;
      return undefined;
    });
    const texts = Array.from({ length: 50 }, (_, index) => String(index));
    await Promise.all(texts.map((text) => ask(SUBJECT, text)));
    expect(order).to.deep.equal(texts);
  });

  it('gets the messages of every subject that matches its pattern', async () => {
    await serve('muster.session.v1.*.command', async (_bytes, { subject }) => bytesOf(subject));
    expect(await ask('muster.session.v1.w-1.command')).to.equal('muster.session.v1.w-1.command');
    expect(await ask('muster.session.v1.w-2.command')).to.equal('muster.session.v1.w-2.command');
    expect(await errorOf(ask('muster.session.v1.w-2.volatile'))).to.include({
      reason: 'NO_RESPONDER',
    });
  });

  it('gives a message to one of a queue group, and to everybody outside of groups', async () => {
    const got: string[] = [];
    const all = Promise.withResolvers<void>();
    const note = (who: string) => async (): Promise<undefined> => {
      got.push(who);
      if (got.length === 3) {
        all.resolve();
      }
    };
    await serve(SUBJECT, note('grouped'), { queue: 'g' });
    await serve(SUBJECT, note('grouped'), { queue: 'g' });
    await serve(SUBJECT, note('one'));
    await serve(SUBJECT, note('other'));
    asking.publish(SUBJECT, bytesOf(''));
    await all.promise;
    // The later answer comes after everything that the first message caused.
    await ask(SUBJECT);
    expect(got.slice(0, 3).sort()).to.deep.equal(['grouped', 'one', 'other']);
  });

  it('survives the failure of a handler that nobody waits for', async () => {
    const failed = Promise.withResolvers<void>();
    await serve(SUBJECT, async (_bytes, { isRequest }) => {
      if (isRequest) {
        return bytesOf('alive');
      }
      failed.resolve();
      throw new Error('broken');
    });
    asking.publish(SUBJECT, bytesOf(''));
    await failed.promise;
    expect(await ask(SUBJECT)).to.equal('alive');
  });

  it('stops at close, after it has answered what had come', async () => {
    const arrived = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const served = serving.serve(SUBJECT, async () => {
      arrived.resolve();
      await go.promise;
      return bytesOf('late');
    });
    await served.ready();
    const asked = ask(SUBJECT);
    await arrived.promise;
    const closed = served.close();
    go.resolve();
    expect(await asked).to.equal('late');
    await closed;
    expect(await errorOf(ask(SUBJECT))).to.include({ reason: 'NO_RESPONDER' });
  });

  it('answers what had come before the bus closes', async () => {
    const arrived = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    await serve(SUBJECT, async () => {
      arrived.resolve();
      await go.promise;
      return bytesOf('last');
    });
    const asked = ask(SUBJECT);
    await arrived.promise;
    const closed = serving.close();
    go.resolve();
    expect(await asked).to.equal('last');
    await closed;
    expect(serving.connected()).to.equal(false);
    const error = await errorOf(serving.request(SUBJECT, bytesOf(''), soon));
    expect(error).to.include({ reason: 'DEPENDENCY_UNAVAILABLE' });
  });
});
