import { expect } from 'chai';
import { describe, it } from 'mocha';
import { seededRandom } from '#libs/random/index.ts';
import type { UserClass } from './flow.ts';
import { fairShares, type ShareDemand } from './shares.ts';

const demand = (id: string, more: Partial<ShareDemand> = {}): ShareDemand => ({
  id,
  customer: id,
  weight: 1,
  wanted: 100,
  held: 0,
  ...more,
});

const everybody = (size: number, demands: number): UserClass[] => [
  { size, suits: Array.from({ length: demands }, (_, i) => i) },
];

/** The best that is possible, found by trying every assignment: customers' users, the poorest first. */
const fairest = (demands: readonly ShareDemand[], classes: readonly UserClass[]): number[] => {
  const customers = [...new Set(demands.map(({ customer }) => customer))];
  const users = classes.flatMap(({ size, suits }) => Array.from({ length: size }, () => suits));
  let best: number[] = [];
  const counts = demands.map(() => 0);
  const visit = (user: number): void => {
    if (user === users.length) {
      const found = levels(customers, demands, counts);
      if (compare(found, best) > 0) {
        best = found;
      }
      return;
    }
    visit(user + 1);
    for (const d of users[user]!) {
      if (counts[d]! < demands[d]!.wanted) {
        counts[d]! += 1;
        visit(user + 1);
        counts[d]! -= 1;
      }
    }
  };
  visit(0);
  return best;
};

const levels = (
  customers: readonly string[],
  demands: readonly ShareDemand[],
  counts: readonly number[],
): number[] =>
  customers
    .map((customer) =>
      counts.reduce((sum, count, d) => sum + (demands[d]!.customer === customer ? count : 0), 0),
    )
    .sort((a, b) => a - b);

const compare = (a: readonly number[], b: readonly number[]): number =>
  a.map((value, i) => value - (b[i] ?? -1)).find((difference) => difference !== 0) ?? 0;

const sharesOf = (held: readonly number[]): number[] =>
  fairShares(
    held.map((n, i) => demand(`d${i}`, { held: n })),
    everybody(3, held.length),
  );

describe('fairShares', () => {
  it('divides evenly, with what is left over to those who have it already', () => {
    expect(sharesOf([0, 0])).to.deep.equal([2, 1]);
    expect(sharesOf([1, 2])).to.deep.equal([1, 2]);
    expect(sharesOf([3, 0])).to.deep.equal([2, 1]);
  });

  it('divides by weight, but lets nobody who waits go without', () => {
    const heavy = demand('heavy', { weight: 3 });
    expect(fairShares([heavy, demand('light')], everybody(8, 2))).to.deep.equal([6, 2]);
    expect(fairShares([heavy, demand('light')], everybody(2, 2))).to.deep.equal([1, 1]);
  });

  it('gives what one does not want to the others', () => {
    expect(fairShares([demand('a', { wanted: 1 }), demand('b')], everybody(6, 2))).to.deep.equal([
      1, 5,
    ]);
    expect(fairShares([demand('a', { wanted: 0 })], everybody(6, 1))).to.deep.equal([0]);
  });

  it('counts a customer once, however many workloads they have', () => {
    const [one, two] = [demand('a1', { customer: 'a' }), demand('a2', { customer: 'a' })];
    expect(fairShares([one, two, demand('b')], everybody(8, 3))).to.deep.equal([2, 2, 4]);
  });

  it('keeps versatile users for those who can use no others', () => {
    const classes = [
      { size: 2, suits: [0, 1] },
      { size: 2, suits: [0] },
    ];
    expect(fairShares([demand('a'), demand('b')], classes)).to.deep.equal([2, 2]);
  });

  it('lets a customer with two workloads make way with the one that has a choice', () => {
    const demands = [demand('a1', { customer: 'a' }), demand('a2', { customer: 'a' }), demand('b')];
    const classes = [
      { size: 1, suits: [1] },
      { size: 1, suits: [0, 2] },
    ];
    expect(fairShares(demands, classes)).to.deep.equal([0, 1, 1]);
  });

  it('is as fair as any assignment, in 400 random meshes', () => {
    for (let seed = 1; seed <= 400; seed += 1) {
      const random = seededRandom(seed);
      const upTo = (n: number): number => Math.floor(random.float() * (n + 1));
      const demands = Array.from({ length: 1 + upTo(3) }, (_, i) =>
        demand(`d${i}`, { customer: `c${upTo(2)}`, wanted: upTo(4), held: upTo(2) }),
      );
      const classes = Array.from({ length: 1 + upTo(2) }, () => ({
        size: upTo(2),
        suits: demands.flatMap((_, d) => (random.float() < 0.6 ? [d] : [])),
      }));
      const shares = fairShares(demands, classes);
      const customers = [...new Set(demands.map(({ customer }) => customer))];
      expect(
        compare(levels(customers, demands, shares), fairest(demands, classes)),
        `seed ${seed}`,
      ).to.equal(0);
      shares.forEach((share, d) => expect(share).to.be.at.most(demands[d]!.wanted));
    }
  });
});
