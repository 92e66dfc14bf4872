import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Bus, Serving } from '#libs/nats/index.ts';
import { fakeClock } from '#libs/testing/index.ts';
import { createLooks } from './looks.ts';

/** Looks that a test counts and decides. `append` sends the owner's notice that the journal has grown. */
const setUp = () => {
  const clock = fakeClock();
  let looks = 0;
  let failing = false;
  const nudges = new Set<() => void>();
  const bus = {
    serve: (_subject: string, handle: () => Promise<undefined>): Serving => {
      const nudge = (): void => void handle();
      nudges.add(nudge);
      return { ready: async () => undefined, close: async () => void nudges.delete(nudge) };
    },
  } as unknown as Bus;
  const look = async (): Promise<number> => {
    looks += 1;
    if (failing) {
      throw new Error('MongoDB is away');
    }
    return looks;
  };
  return {
    clock,
    ...createLooks({ look, bus, clock }),
    count: () => looks,
    fail: () => {
      failing = true;
    },
    append: () => nudges.forEach((nudge) => nudge()),
    listening: () => nudges.size,
  };
};

describe('looks at a workload', () => {
  const signal = new AbortController().signal;

  it('happen once a second for all watchers, and once after an append', async () => {
    const { watch, clock, count, append } = setUp();
    const watchers = Array.from({ length: 200 }, () => watch('w-1'));
    const all = watchers.map((watcher) => watcher.next(signal));
    await clock.advance(1_100);
    expect(await Promise.all(all)).to.deep.equal(Array.from({ length: 200 }, () => 1));
    append();
    append();
    await clock.advance(100);
    expect(count()).to.equal(2);
    for (const watcher of watchers) {
      watcher[Symbol.dispose]();
    }
  });

  it('stop when the last watcher leaves, and begin again for the next', async () => {
    const { watch, clock, count, listening } = setUp();
    const [first, second] = [watch('w-1'), watch('w-1')];
    first[Symbol.dispose]();
    expect(listening()).to.equal(1);
    second[Symbol.dispose]();
    expect(listening()).to.equal(0);
    await clock.advance(5_000);
    expect(count()).to.equal(0);
    using third = watch('w-1');
    const seen = third.next(signal);
    await clock.advance(1_100);
    expect(await seen).to.equal(1);
  });

  it('give a slow watcher only the latest, and pass an error to all watchers', async () => {
    const { watch, clock, fail } = setUp();
    using watcher = watch('w-1');
    await clock.advance(1_100);
    await clock.advance(1_100);
    expect(await watcher.next(signal)).to.equal(2);
    fail();
    const failed = watcher.next(signal).catch((thrown: Error) => thrown.message);
    await clock.advance(1_100);
    expect(await failed).to.equal('MongoDB is away');
  });
});
