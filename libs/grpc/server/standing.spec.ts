import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Caller } from '#libs/auth/index.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { eventually, runningClock } from '#libs/testing/index.ts';
import { type Echo, failure, type Note, startEcho } from '../fixtures/echo.ts';

const refusal = (code: status, reason: string): DomainError =>
  new DomainError(code, reason, 'no more');

async function* endless(): AsyncGenerator<Note> {
  yield { text: 'first' };
  await new Promise(() => {});
}

/** Open streams of all kinds whose handlers have begun, and how each ends. */
const openStreams = async ({ client }: Echo) => {
  const list = client.list({ text: 'x' })[Symbol.asyncIterator]();
  const chat = client.chat();
  await chat.send({ text: 'x' });
  const talk = chat.responses[Symbol.asyncIterator]();
  await Promise.all([list.next(), talk.next()]);
  const gathered = client.gather(endless());
  await client.say({ text: 'after the others on the same connection' });
  return { ends: Promise.all([list.next(), talk.next(), gathered].map((each) => failure(each))) };
};

/** A server that asks `right` whether its callers may go on; `skip` lets its time pass. */
const serverWith = async (right: { expireTimeMs?: number; wrong?: DomainError }) => {
  const clock = runningClock();
  const asked: string[] = [];
  const verify = async (token: string): Promise<Caller> => {
    asked.push(token);
    if (right.wrong !== undefined) {
      throw right.wrong;
    }
    if (right.expireTimeMs !== undefined && clock.now() >= right.expireTimeMs) {
      throw refusal(status.UNAUTHENTICATED, 'TOKEN_EXPIRED');
    }
    const { expireTimeMs } = right;
    return { role: 'customer', subject: 'c', ...(expireTimeMs && { expireTimeMs }) };
  };
  const list = async function* () {
    yield* endless();
  };
  return { clock, asked, echo: await startEcho({ list }, { verify, clock }) };
};

describe('an open stream', () => {
  it('ends when its token expires', async () => {
    const { clock, echo } = await serverWith({ expireTimeMs: Date.now() + 3_000_000 });
    await using _ = echo;
    const { ends } = await openStreams(echo);
    clock.skip(3_000_010);
    for (const error of await ends) {
      expect(error).to.include({ code: status.UNAUTHENTICATED, reason: 'TOKEN_EXPIRED' });
    }
  });

  it('ends when its token is refused meanwhile, such as when its key goes', async () => {
    const right: { wrong?: DomainError } = {};
    const { clock, echo } = await serverWith(right);
    await using _ = echo;
    const { ends } = await openStreams(echo);
    right.wrong = refusal(status.UNAUTHENTICATED, 'TOKEN_KEY_UNKNOWN');
    clock.skip(5_000);
    for (const error of await ends) {
      expect(error.reason).to.equal('TOKEN_KEY_UNKNOWN');
    }
  });

  it('goes on while nobody can tell', async () => {
    const right: { wrong?: DomainError } = {};
    const { clock, echo, asked } = await serverWith(right);
    await using _ = echo;
    const { ends } = await openStreams(echo);
    right.wrong = refusal(status.UNAVAILABLE, 'DEPENDENCY_UNAVAILABLE');
    const before = asked.length;
    clock.skip(5_000);
    await eventually(() => expect(asked.length).to.be.at.least(before + 3));
    await clock.sleep(10);
    const first = await Promise.race([ends, Promise.resolve('open')]);
    expect(first).to.equal('open');
    right.wrong = refusal(status.PERMISSION_DENIED, 'MACHINE_UNKNOWN');
    clock.skip(5_000);
    for (const error of await ends) {
      expect(error.reason).to.equal('MACHINE_UNKNOWN');
    }
  });
});
