import { expect } from 'chai';
import { describe, it } from 'mocha';
import { eventually } from '#libs/testing/index.ts';
import type { CallContext } from '../index.ts';
import { echoAccess, failure, startEcho } from '../fixtures/echo.ts';

/** A server whose calls named `slow…` end when they are told to. */
const setUp = async () => {
  const running: { text: string; call: CallContext; end: () => void }[] = [];
  const began: string[] = [];
  const echo = await startEcho(
    {
      say: async ({ text }, call) => {
        began.push(text);
        if (text.startsWith('slow')) {
          const { promise, resolve } = Promise.withResolvers<void>();
          running.push({ text, call, end: resolve });
          await promise;
        }
        return { text };
      },
    },
    { access: echoAccess('customer', 'agent', 'operator', 'service') },
  );
  return {
    ...echo,
    began,
    running,
    /** Begins so many calls. */
    fill: (calls: number, token = 'customer') =>
      Array.from({ length: calls }, async (_, i) => {
        await echo.client.say({ text: `slow ${i}` }, { token });
      }),
    endAll: () => {
      for (const { end } of running.splice(0)) {
        end();
      }
    },
  };
};

describe('callerBounds', () => {
  it('runs eight calls of a caller at a time, the others in the order in which they came', async () => {
    await using echo = await setUp();
    const { client, began, running, fill, endAll } = echo;
    const slow = fill(8);
    await eventually(() => expect(running).to.have.lengthOf(8));
    const waiting = ['x', 'y', 'z'].map((text) => client.say({ text }));
    // Its answer comes after the server has got the others.
    await client.say({ text: 'of a machine' }, { token: 'agent' });
    expect(began.slice(8)).to.deep.equal(['of a machine']);
    running.pop()?.end();
    await Promise.all(waiting);
    expect(began.slice(9)).to.deep.equal(['x', 'y', 'z']);
    endAll();
    await Promise.all(slow);
  });

  it('forgets calls whose caller leaves, or whose time runs out, before their turn', async () => {
    await using echo = await setUp();
    const { client, began, running, fill, endAll } = echo;
    const slow = fill(8);
    await eventually(() => expect(running).to.have.lengthOf(8));
    const leaving = new AbortController();
    const left = failure(client.say({ text: 'left' }, { signal: leaving.signal }));
    const late = failure(client.say({ text: 'late' }, { deadlineMs: 300 }));
    leaving.abort();
    expect((await left).reason).to.equal('CANCELLED');
    expect((await late).reason).to.equal('DEADLINE_EXCEEDED');
    // A client knows it before the server does.
    await eventually(() => expect(echo.logs().match(/"msg":"refused"/g)).to.have.lengthOf(2));
    endAll();
    await Promise.all(slow);
    await client.say({ text: 'after' });
    expect(began.slice(8)).to.deep.equal(['after']);
  });

  it('lets streams run beside them, which live as long as their caller wants', async () => {
    await using echo = await setUp();
    const { client, running, fill, endAll } = echo;
    const slow = fill(8);
    await eventually(() => expect(running).to.have.lengthOf(8));
    expect(await Array.fromAsync(client.list({ text: 'ab' }))).to.have.lengthOf(2);
    const gathering = client.gather([{ text: 'a' }, { text: 'b' }]);
    expect(await gathering).to.deep.equal({ text: 'ab' });
    endAll();
    await Promise.all(slow);
  });

  it('keeps neither services nor operators waiting, because customers wait for what those do', async () => {
    await using echo = await setUp();
    const { running, fill, endAll } = echo;
    const slow = [...fill(40, 'blob'), ...fill(40, 'operator')];
    await eventually(() => expect(running).to.have.lengthOf(80));
    endAll();
    await Promise.all(slow);
  });

  it('begins the next call when one stands aside to wait for something else', async () => {
    await using echo = await setUp();
    const { client, running, fill, endAll } = echo;
    const slow = fill(8);
    await eventually(() => expect(running).to.have.lengthOf(8));
    const next = client.say({ text: 'slow release' });
    running[0]?.call.standAside();
    running[0]?.call.standAside();
    await eventually(() => expect(running.map(({ text }) => text)).to.include('slow release'));
    const behind = failure(client.say({ text: 'behind' }, { deadlineMs: 300 }));
    expect((await behind).reason).to.equal('DEADLINE_EXCEEDED');
    endAll();
    await Promise.all([...slow, next]);
  });
});
