import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { seededRandom } from '#libs/random/index.ts';
import { eventually, fakeClock } from '#libs/testing/index.ts';
import {
  abortable,
  aborted,
  backoffMs,
  createBell,
  every,
  createFairLimit,
  inParallel,
  inTurns,
  poll,
  retry,
  watchLatest,
  within,
} from './index.ts';

const rejection = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'resolved',
    (thrown: unknown) => thrown,
  );
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;
const over = new Error('over');
const refused = new Error('refused');

describe('every', () => {
  it('begins at once, and again after a pause from the end of each round', async () => {
    const clock = fakeClock();
    const begun: number[] = [];
    const repetition = every({ clock, everyMs: 100 }, async () => {
      begun.push(clock.monotonic());
      await clock.sleep(50);
    });
    await clock.advance(400);
    expect(begun).to.deep.equal([0, 150, 300]);
    await repetition.stop();
  });

  it('pauses first on request', async () => {
    const clock = fakeClock();
    let rounds = 0;
    await using _repetition = every(
      { clock, everyMs: 100, isPauseFirst: true },
      () => (rounds += 1),
    );
    await clock.advance(99);
    expect(rounds).to.equal(0);
    await clock.advance(1);
    expect(rounds).to.equal(1);
  });

  it('goes on after a failed round, with its own pause, and reports the failure', async () => {
    const clock = fakeClock();
    const begun: number[] = [];
    const told: unknown[] = [];
    const onFailure = (thrown: unknown): void => void told.push(thrown);
    await using _repetition = every({ clock, everyMs: 100, afterFailureMs: 10, onFailure }, () => {
      begun.push(clock.monotonic());
      if (begun.length < 3) {
        throw refused;
      }
    });
    await clock.advance(150);
    expect(begun).to.deep.equal([0, 10, 20, 120]);
    expect(told).to.deep.equal([refused, refused]);
  });

  it('aborts the running round at stop, waits for its end, and reports no failure', async () => {
    const clock = fakeClock();
    const told: unknown[] = [];
    let hasEnded = false;
    const repetition = every(
      { clock, everyMs: 100, onFailure: (thrown) => told.push(thrown) },
      async (signal) => {
        await clock.sleep(1_000, signal).finally(() => (hasEnded = true));
      },
    );
    await repetition.stop();
    expect([hasEnded, told, clock.pending()]).to.deep.equal([true, [], 0]);
  });

  it('begins the next round at once when it is hurried, in a pause or in a round', async () => {
    const clock = fakeClock();
    const begun: number[] = [];
    await using repetition = every({ clock, everyMs: 100 }, async () => {
      begun.push(clock.monotonic());
      await clock.sleep(10);
    });
    await clock.advance(50);
    repetition.hurry();
    await clock.advance(5);
    repetition.hurry();
    repetition.hurry();
    await clock.advance(130);
    expect(begun).to.deep.equal([0, 50, 60, 170]);
  });

  it('begins no round after a stop in a pause', async () => {
    const clock = fakeClock();
    let rounds = 0;
    const repetition = every({ clock, everyMs: 100 }, () => (rounds += 1));
    await clock.advance(50);
    await repetition.stop();
    await clock.advance(1_000);
    expect([rounds, clock.pending()]).to.deep.equal([1, 0]);
  });
});

describe('backoffMs', () => {
  const pause = { firstMs: 100, longestMs: 1_000 };

  it('doubles from the first pause to the longest', () => {
    const pauses = [0, 1, 2, 3, 4, 5, 10_000].map((failures) => backoffMs(pause, failures));
    expect(pauses).to.deep.equal([100, 100, 200, 400, 800, 1_000, 1_000]);
  });

  it('shortens a pause by up to half at random', () => {
    expect([0, 0.5].map((float) => backoffMs(pause, 2, float))).to.deep.equal([100, 150]);
  });
});

describe('retry', () => {
  const failing = (times: number): { attempt: () => Promise<string>; made: () => number } => {
    let made = 0;
    return {
      attempt: async () => {
        made += 1;
        if (made <= times) {
          throw refused;
        }
        return 'done';
      },
      made: () => made,
    };
  };
  const { signal } = new AbortController();
  const pause = { firstMs: 100, longestMs: 1_000 };

  it('tries with growing pauses until one attempt succeeds', async () => {
    const clock = fakeClock();
    const pauses: number[] = [];
    const { attempt } = failing(3);
    const done = retry(attempt, {
      clock,
      signal,
      pause,
      onRetry: (_thrown, ms) => pauses.push(ms),
    });
    await clock.advance(700);
    expect(await done).to.equal('done');
    expect(pauses).to.deep.equal([100, 200, 400]);
  });

  it('shortens pauses at random, and waits at least as long as the error asks', async () => {
    const clock = fakeClock();
    const pauses: number[] = [];
    const random = seededRandom(1);
    const onRetry = (_thrown: unknown, ms: number): void => void pauses.push(ms);
    const asked = [undefined, 5_000];
    const done = retry(failing(2).attempt, {
      clock,
      random,
      signal,
      pause,
      onRetry,
      askedMs: () => asked.shift(),
    });
    await clock.advance(6_000);
    expect(await done).to.equal('done');
    expect(pauses[0]).to.be.within(50, 100);
    expect(pauses[1]).to.equal(5_000);
  });

  it('throws at once if no further attempt can help', async () => {
    const { attempt, made } = failing(9);
    const done = retry(attempt, { clock: fakeClock(), signal, pause, helps: () => false });
    expect(await rejection(done)).to.equal(refused);
    expect(made()).to.equal(1);
  });

  it('begins no attempt after its time limit', async () => {
    const clock = fakeClock();
    const { attempt, made } = failing(9);
    const done = rejection(retry(attempt, { clock, signal, pause, forMs: 300 }));
    await clock.advance(300);
    expect(await done).to.equal(refused);
    expect(made()).to.equal(3);
  });

  it('ends with the reason of the signal, in a pause and in an attempt', async () => {
    const clock = fakeClock();
    const ending = new AbortController();
    const inPause = rejection(retry(failing(9).attempt, { clock, signal: ending.signal, pause }));
    const inAttempt = rejection(
      retry(
        () =>
          clock.sleep(50, ending.signal).then(
            () => Promise.reject(refused),
            () => Promise.reject(refused),
          ),
        {
          clock,
          signal: ending.signal,
          pause,
        },
      ),
    );
    await clock.advance(1);
    ending.abort(over);
    expect([await inPause, await inAttempt]).to.deep.equal([over, over]);
    expect(clock.pending()).to.equal(0);
  });
});

describe('abortable', () => {
  it('gives the result of the work, and leaves no listener behind', async () => {
    const { signal } = new AbortController();
    expect(await abortable(Promise.resolve(7), signal)).to.equal(7);
    expect(await rejection(abortable(Promise.reject(refused), signal))).to.equal(refused);
    expect(await abortable(Promise.resolve(7), undefined)).to.equal(7);
    expect(listeners(signal)).to.equal(0);
  });

  it('rejects with the reason of the signal, even of one that aborted before', async () => {
    const ending = new AbortController();
    const work = rejection(abortable(new Promise(() => {}), ending.signal));
    ending.abort(over);
    expect(await work).to.equal(over);
    expect(await rejection(abortable(new Promise(() => {}), ending.signal))).to.equal(over);
  });
});

describe('aborted', () => {
  it('resolves when the signal aborts, or has aborted before', async () => {
    const ending = new AbortController();
    const ended = aborted(ending.signal);
    ending.abort(over);
    await ended;
    await aborted(ending.signal);
  });
});

describe('within', () => {
  it('gives the result of the work in time, and leaves no timer behind', async () => {
    const clock = fakeClock();
    expect(await within(clock, 100, Promise.resolve(7))).to.equal(7);
    expect(await rejection(within(clock, 100, Promise.reject(refused)))).to.equal(refused);
    expect(clock.pending()).to.equal(0);
  });

  it('gives what `late` answers or throws after the time limit', async () => {
    const clock = fakeClock();
    const never = new Promise<number>(() => {});
    const both = [
      within(clock, 100, never),
      rejection(
        within(clock, 100, never, () => {
          throw over;
        }),
      ),
    ];
    await clock.advance(100);
    expect(await Promise.all(both)).to.deep.equal([undefined, over]);
  });
});

describe('a bell', () => {
  it('counts rings without a listener as one', async () => {
    const bell = createBell();
    bell.ring();
    bell.ring();
    await bell.rung();
    const ending = new AbortController();
    const second = rejection(bell.rung(ending.signal));
    ending.abort(over);
    expect(await second).to.equal(over);
  });

  it('wakes all listeners, and loses no ring to one that gave up', async () => {
    const bell = createBell();
    const ending = new AbortController();
    const gone = rejection(bell.rung(ending.signal));
    const both = [bell.rung(), bell.rung()];
    ending.abort(over);
    await gone;
    bell.ring();
    await Promise.all(both);
    expect(listeners(ending.signal)).to.equal(0);
  });
});

describe('watchLatest', () => {
  const open = (present: [string, number][]) => {
    const ending = new AbortController();
    let tell: ((key: string, value: string) => void) | undefined;
    const subscribe = (changed: (key: string, value: string) => void): (() => void) => {
      tell = changed;
      return () => (tell = undefined);
    };
    const watch = watchLatest({
      subscribe,
      present: () => present.map(([key, value]) => `${key}${value}`),
      signal: ending.signal,
    });
    const next = async (): Promise<string | undefined> => (await watch.next()).value;
    const change = (key: string, value: number): void => tell?.(key, `${key}${value}`);
    return { next, change, ending, watch, isSubscribed: () => tell !== undefined };
  };

  it('gives the present state, a sign that it is complete, and then the changes', async () => {
    const { next, change } = open([['a', 1]]);
    expect(await next()).to.equal('a1');
    change('b', 1);
    expect(await next()).to.equal(undefined);
    expect(await next()).to.equal('b1');
    const later = next();
    change('a', 2);
    expect(await later).to.equal('a2');
  });

  it('keeps the latest value of each key for a slow reader', async () => {
    const { next, change } = open([]);
    await next();
    for (let n = 1; n <= 1_000; n += 1) {
      change('a', n);
    }
    change('b', 1);
    expect([await next(), await next()]).to.deep.equal(['a1000', 'b1']);
  });

  it('ends with the reason of the signal, even while changes keep coming, and unsubscribes', async () => {
    const { next, change, ending, isSubscribed } = open([]);
    await next();
    change('a', 1);
    ending.abort(over);
    expect(await rejection(next())).to.equal(over);
    expect(isSubscribed()).to.equal(false);
  });

  it('unsubscribes when its reader leaves', async () => {
    const { next, watch, isSubscribed } = open([]);
    await next();
    await watch.return(undefined as never);
    expect(isSubscribed()).to.equal(false);
  });
});

describe('poll', () => {
  it('looks until there is a result', async () => {
    const clock = fakeClock();
    const sights = [undefined, false, 0] as const;
    let looks = 0;
    const seen = poll(() => sights[looks++], { clock, everyMs: 10 });
    await clock.advance(20);
    expect([await seen, looks]).to.deep.equal([0, 3]);
  });

  it('gives the result of the last look after its time limit', async () => {
    const clock = fakeClock();
    let looks = 0;
    const seen = poll(async () => (looks += 1) > 99, { clock, everyMs: 10, withinMs: 25 });
    await clock.advance(100);
    expect([await seen, looks]).to.deep.equal([false, 4]);
  });

  it('ends with the reason of the signal', async () => {
    const clock = fakeClock();
    const ending = new AbortController();
    const seen = rejection(poll(() => false, { clock, everyMs: 10, signal: ending.signal }));
    await clock.advance(5);
    ending.abort(over);
    expect(await seen).to.equal(over);
  });
});

describe('createFairLimit', () => {
  it('does one thing of each caller at a time, and never more than so many', async () => {
    const limit = createFairLimit(2);
    const begun: string[] = [];
    const ends = new Map<string, () => void>();
    const wanted = ['a1', 'a2', 'a3', 'b1', 'c1'].map((what) =>
      limit(what.charAt(0), async () => {
        begun.push(what);
        await new Promise<void>((resolve) => ends.set(what, resolve));
      }),
    );
    for (const [what, expected] of [
      ['a1', ['a1', 'b1']],
      ['b1', ['a1', 'b1', 'c1']],
      ['c1', ['a1', 'b1', 'c1', 'a2']],
      ['a2', ['a1', 'b1', 'c1', 'a2']],
      ['a3', ['a1', 'b1', 'c1', 'a2', 'a3']],
    ] as const) {
      await eventually(() => expect(begun).to.deep.equal(expected));
      ends.get(what)?.();
    }
    await Promise.all(wanted);
  });

  it('goes on after work that fails', async () => {
    const limit = createFairLimit(1);
    const failing = limit('a', () => Promise.reject(new Error('broken')));
    expect(await failing.catch(String)).to.equal('Error: broken');
    expect(await limit('a', () => Promise.resolve('done'))).to.equal('done');
  });
});

describe('inTurns', () => {
  it('lets others go first whenever a turn is over', async () => {
    const clock = fakeClock();
    const turn = inTurns(clock);
    const order: string[] = [];
    setImmediate(() => order.push('another'));
    await turn();
    order.push('the first turn');
    await clock.advance(5);
    await turn();
    order.push('the second turn');
    expect(order).to.deep.equal(['the first turn', 'another', 'the second turn']);
  });
});

describe('inParallel', () => {
  it('runs so many at a time, goes on after a failure, and rejects with the first one at the end', async () => {
    const clock = fakeClock();
    let running = 0;
    let most = 0;
    const done: number[] = [];
    const all = rejection(
      inParallel(3, [1, 2, 3, 4, 5, 6, 7], async (item) => {
        running += 1;
        most = Math.max(most, running);
        await clock.sleep(10);
        running -= 1;
        if (item === 2) {
          throw refused;
        }
        done.push(item);
      }),
    );
    await clock.advance(30);
    expect(await all).to.equal(refused);
    expect([most, done]).to.deep.equal([3, [1, 3, 4, 5, 6, 7]]);
  });
});
