import { expect } from 'chai';
import { describe, it } from 'mocha';
import { seededRandom } from '#libs/random/index.ts';
import { spreadOrdinals, taskQueue } from './order.ts';

/** A queue and the held tasks. `take` hands a task out, `give` gives it back. */
const desk = (count: number, order: 'sequential' | 'coarse-first') => {
  const queue = taskQueue(count, order);
  const held = new Set<number>();
  let asked = 0;
  const isWaiting = (ordinal: number): boolean => {
    asked += 1;
    return !held.has(ordinal);
  };
  const take = (suits?: (ordinal: number) => boolean): number | undefined => {
    const ordinal = queue.next(isWaiting, suits);
    if (ordinal !== undefined) {
      held.add(ordinal);
    }
    return ordinal;
  };
  const give = (ordinal: number): void => {
    held.delete(ordinal);
    queue.giveBack(ordinal);
  };
  return { take, give, held, asked: () => asked };
};

const takeAll = (take: () => number | undefined): number[] => {
  const taken: number[] = [];
  for (let ordinal = take(); ordinal !== undefined; ordinal = take()) {
    taken.push(ordinal);
  }
  return taken;
};

describe('spreadOrdinals', () => {
  it('begins with first, last, middle and the middles of the halves', () => {
    expect(spreadOrdinals(101).slice(0, 9)).to.deep.equal([0, 100, 50, 25, 75, 12, 37, 62, 87]);
  });

  it('gives 64 different ordinals, or all if there are fewer', () => {
    for (const count of [0, 1, 2, 3, 5, 63, 64, 65, 100, 1_000_000]) {
      const ordinals = spreadOrdinals(count);
      expect(new Set(ordinals).size, String(count)).to.equal(Math.min(count, 64));
      expect(ordinals.length).to.equal(Math.min(count, 64));
      expect(ordinals.every((ordinal) => ordinal >= 0 && ordinal < count)).to.equal(true);
    }
  });

  it('leaves no gap wider than twice the even spacing', () => {
    const sorted = spreadOrdinals(1_000_000).sort((a, b) => a - b);
    const widest = Math.max(...sorted.slice(1).map((ordinal, i) => ordinal - (sorted[i] ?? 0)));
    expect(widest).to.be.at.most((2 * 1_000_000) / 63);
  });
});

const isOdd = (ordinal: number): boolean => ordinal % 2 === 1;

describe('taskQueue', () => {
  it('hands out each task once, ascending, if the order is sequential', () => {
    expect(takeAll(desk(200, 'sequential').take)).to.deep.equal(
      Array.from({ length: 200 }, (_, i) => i),
    );
  });

  it('hands out the spread tasks first and the rest ascending, if the order is coarse-first', () => {
    const taken = takeAll(desk(200, 'coarse-first').take);
    expect(taken.slice(0, 64)).to.deep.equal(spreadOrdinals(200));
    expect(taken.slice(64)).to.deep.equal(taken.slice(64).sort((a, b) => a - b));
    expect(new Set(taken).size).to.equal(200);
  });

  it('hands out first the tasks that were given back, lowest first', () => {
    const { take, give } = desk(10, 'sequential');
    for (let i = 0; i < 6; i += 1) {
      take();
    }
    [4, 1, 3, 1].forEach(give);
    expect(takeAll(take)).to.deep.equal([1, 3, 4, 6, 7, 8, 9]);
  });

  it('keeps a task that does not suit one user for the others', () => {
    const { take, give } = desk(4, 'sequential');
    expect([take(isOdd), take(isOdd), take(isOdd)]).to.deep.equal([1, 3, undefined]);
    expect(takeAll(take)).to.deep.equal([0, 2]);
    give(2);
    expect([take(isOdd), take()]).to.deep.equal([undefined, 2]);
  });

  it('drops a task that does not wait at its turn, until it is given back', () => {
    const { take, give, held } = desk(3, 'sequential');
    held.add(1);
    expect(takeAll(take)).to.deep.equal([0, 2]);
    give(1);
    expect(takeAll(take)).to.deep.equal([1]);
  });

  it('hands out every task exactly once, even if tasks are lost in between', () => {
    for (const order of ['sequential', 'coarse-first'] as const) {
      const random = seededRandom(3);
      const { take, give, held } = desk(500, order);
      for (let round = 0; round < 3_000; round += 1) {
        if (random.float() < 0.52) {
          const before = held.size;
          const ordinal = take((each) => (each + round) % 5 !== 0);
          expect(held.size).to.equal(ordinal === undefined ? before : before + 1);
        } else {
          const lost = [...held][Math.floor(random.float() * held.size)];
          if (lost !== undefined) {
            give(lost);
          }
        }
      }
      takeAll(take);
      expect(held.size).to.equal(500);
    }
  });

  it('asks about each of a million tasks about once', () => {
    const { take, give, asked } = desk(1_000_000, 'coarse-first');
    for (let i = 0; i < 300_000; i += 1) {
      const ordinal = take();
      if (i % 3 === 0 && ordinal !== undefined) {
        give(ordinal);
      }
    }
    expect(asked()).to.be.below(300_000 + 64 + 1);
  });
});
