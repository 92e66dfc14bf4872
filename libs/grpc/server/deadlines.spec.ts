import { expect } from 'chai';
import { describe, it } from 'mocha';
import { waitingFor } from '#libs/async/index.ts';
import { type DomainError, status } from '#libs/errors/index.ts';
import { fakeClock } from '#libs/testing/index.ts';
import { failure, startEcho } from '../fixtures/echo.ts';

const FOREVER = () => new Promise<never>(() => {});

describe('deadlines', () => {
  it('ends a call at the caller’s deadline, even if the handler does not listen', async () => {
    const seen = Promise.withResolvers<AbortSignal>();
    await using echo = await startEcho({
      say: (_, { signal }) => {
        seen.resolve(signal);
        return FOREVER();
      },
    });
    const late = await failure(echo.client.say({ text: '' }, { deadlineMs: 200 }));
    expect(late).to.include({ code: status.DEADLINE_EXCEEDED });
    const signal = await seen.promise;
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
      if (signal.aborted) {
        resolve();
      }
    });
    // By the server's clock, or by the caller's, which hangs up at the same moment.
    const ends: unknown[] = [status.DEADLINE_EXCEEDED, status.CANCELLED];
    expect(ends).to.include((signal.reason as DomainError).code);
  });

  it('names the dependency that has not answered, before the caller’s deadline', async () => {
    await using echo = await startEcho({
      say: async () => {
        await waitingFor('the oracle', async () => undefined);
        return waitingFor('mongodb', () => waitingFor('blob storage', FOREVER));
      },
    });
    const late = await failure(echo.client.say({ text: '' }, { deadlineMs: 600 }));
    expect(late).to.include({ code: status.UNAVAILABLE, reason: 'DEPENDENCY_UNAVAILABLE' });
    expect(late).to.have.nested.property('metadata.dependency', 'blob storage');
  });

  it('tells the handler how much time is left', async () => {
    await using echo = await startEcho({
      say: async (_, call) => ({ text: String(call.deadlineMs) }),
    });
    const { text } = await echo.client.say({ text: '' }, { deadlineMs: 5_000 });
    expect(Number(text)).to.be.within(3_000, 5_001);
  });

  it('sets no deadline for a stream that has none', async () => {
    await using echo = await startEcho({
      async *list(_, call) {
        yield { text: String(call.deadlineMs) };
      },
    });
    expect(await Array.fromAsync(echo.client.list({ text: '' }))).to.deep.equal([
      { text: 'undefined' },
    ]);
    const late = echo.client.list({ text: '' }, { deadlineMs: 5_000 });
    expect(Number((await Array.fromAsync(late))[0]?.text)).to.be.within(3_000, 5_001);
  });

  it('gives a unary call without a deadline 30 s', async () => {
    const clock = fakeClock();
    const seen = Promise.withResolvers<number | undefined>();
    await using echo = await startEcho(
      {
        say: (_, { deadlineMs }) => {
          seen.resolve(deadlineMs);
          return FOREVER();
        },
      },
      { clock },
      { deadlineMs: Infinity },
    );
    const late = failure(echo.client.say({ text: '' }));
    expect(await seen.promise).to.equal(30_000);
    await clock.advance(30_000);
    expect(await late).to.include({ code: status.DEADLINE_EXCEEDED, reason: 'DEADLINE_EXCEEDED' });
  });

  it('gives a unary call of our clients 10 s unless told otherwise', async () => {
    await using echo = await startEcho({
      say: async (_, call) => ({ text: String(call.deadlineMs) }),
    });
    expect(Number((await echo.client.say({ text: '' })).text)).to.be.within(8_000, 10_001);
    const long = await echo.client.say({ text: '' }, { deadlineMs: 2 ** 40 });
    expect(Number(long.text)).to.be.above(60_000);
  });
});
