import { expect } from 'chai';
import { describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { failureOf } from '#libs/testing/index.ts';
import { createCommandQueue, type Ending } from './command-queue.ts';

/** A worker that is given messages and answers when it is told to. */
const openQueue = ({ isAdopted = false } = {}) => {
  const asked: string[] = [];
  const answers: ((text: string) => void)[] = [];
  const endings: Ending[] = [];
  const { promise: isFree, resolve: free } = Promise.withResolvers<void>();
  const queue = createCommandQueue({
    clock: systemClock,
    ask: (text, signal) =>
      new Promise((resolve, reject) => {
        asked.push(text);
        answers.push((said) => resolve(Buffer.from(said)));
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
    whenFree: () => isFree,
    memoryBytes: () => Promise.resolve(1),
    begun: () => (ending) => void endings.push(ending),
    isAdopted,
  });
  const send = (text: string, timeoutMs = 10_000) =>
    queue
      .send({ name: 'x', text }, timeoutMs, new AbortController().signal)
      .then(({ reply }) => reply.text);
  /** Answers what was asked last, with what was asked. */
  const answer = async (): Promise<void> => {
    answers.shift()?.(`{"to": ${asked.at(-1) ?? ''}}`);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { queue, send, answer, asked, endings, free };
};

describe('the queue of a session', () => {
  it('has one command at a time, in the order in which they came', async () => {
    const { send, answer, asked } = openQueue();
    const sent = Array.from({ length: 10 }, (_, n) => send(String(n)));
    for (let n = 0; n < 10; n += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(asked).to.deep.equal(Array.from({ length: n + 1 }, (_, i) => String(i)));
      await answer();
    }
    expect(await Promise.all(sent)).to.deep.equal(
      Array.from({ length: 10 }, (_, n) => `{"to": ${n}}`),
    );
  });

  it('waits for a late answer, and gives it to nobody', async () => {
    const { queue, send, answer, asked, endings } = openQueue();
    const late = failureOf(send('1', 20));
    const next = send('2');
    expect(await late).to.include({ reason: 'COMMAND_TIMED_OUT' });
    expect(asked).to.deep.equal(['1']);
    expect(queue.isBusy()).to.equal(true);
    await answer();
    expect(endings).to.have.length(1);
    expect(endings[0]).to.include({ outcome: 'late' });
    await answer();
    expect(await next).to.equal('{"to": 2}');
    expect(queue.isBusy()).to.equal(false);
  });

  it('never sends what waited for too long', async () => {
    const { send, answer, asked } = openQueue();
    const first = send('1');
    expect(await failureOf(send('2', 20))).to.include({ reason: 'COMMAND_NOT_SENT' });
    const third = send('3');
    await answer();
    await first;
    await answer();
    expect(await third).to.equal('{"to": 3}');
    expect(asked).to.deep.equal(['1', '3']);
  });

  it('tells all who wait that the worker is lost, and takes nothing after', async () => {
    const { queue, send } = openQueue();
    const sent = [failureOf(send('1')), failureOf(send('2'))];
    queue.close('it ended');
    for (const each of sent) {
      expect(await each).to.include({ reason: 'WORKER_LOST' });
    }
    expect(await failureOf(send('3'))).to.include({ reason: 'WORKER_LOST' });
  });

  it('is busy with what an earlier broker asked until the worker is free', async () => {
    const { queue, send, answer, asked, free } = openQueue({ isAdopted: true });
    const sent = send('1');
    await new Promise((resolve) => setImmediate(resolve));
    expect([queue.isBusy(), asked]).to.deep.equal([true, []]);
    free();
    await new Promise((resolve) => setImmediate(resolve));
    await answer();
    expect(await sent).to.equal('{"to": 1}');
  });

  it('is bounded', async () => {
    const { send } = openQueue();
    const sent = Array.from({ length: 101 }, (_, n) => send(String(n)));
    for (const each of sent) {
      each.catch(() => undefined);
    }
    expect(await failureOf(send('more'))).to.include({ reason: 'TOO_MANY_COMMANDS' });
  });
});
