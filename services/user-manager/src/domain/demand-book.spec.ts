import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Demand } from '#libs/contracts/user.ts';
import { DomainError, statusName } from '#libs/errors/index.ts';
import { createDemandBook, DEMAND_LIFE_MS, TOMBSTONE_LIFE_MS } from './demand-book.ts';

const demand = (epoch: number, counter: number, workloadId = 'w'): Demand => ({
  workloadId,
  customerId: 'c',
  weight: 1,
  epoch,
  counter,
  wanted: 1,
  needs: undefined,
  users: [],
});

const removal = (epoch: number, counter: number) => ({ workloadId: 'w', epoch, counter });

const refusal = (act: () => void): string | undefined => {
  try {
    act();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof DomainError)) {
      throw thrown;
    }
    return `${statusName(thrown.code)} ${thrown.reason}`;
  }
};

const STALE = 'FAILED_PRECONDITION STALE_EPOCH';

describe('createDemandBook', () => {
  it('takes greater statements, and the same one again', () => {
    const book = createDemandBook();
    book.state(demand(1, 5), 0);
    book.state(demand(1, 5), 0);
    book.state(demand(1, 6), 0);
    book.state(demand(2, 0), 0);
    expect(book.active(0)).to.deep.equal([demand(2, 0)]);
  });

  it('refuses older statements, of an earlier epoch or an earlier counter', () => {
    const book = createDemandBook();
    book.state(demand(1, 5), 0);
    expect(refusal(() => book.state(demand(1, 4), 0))).to.equal(STALE);
    expect(refusal(() => book.state(demand(0, 9), 0))).to.equal(STALE);
    expect(refusal(() => book.remove(removal(1, 4), 0))).to.equal(STALE);
    expect(refusal(() => book.checkEpoch('w', 0))).to.equal(STALE);
    book.checkEpoch('w', 1);
    book.checkEpoch('unheard', 0);
  });

  it('remembers an end for a minute against late statements, while a later owner may begin again', () => {
    const book = createDemandBook();
    book.state(demand(1, 5), 0);
    book.remove(removal(1, 6), 0);
    book.remove(removal(1, 6), 0);
    expect(book.isRemoved('w')).to.equal(true);
    expect(book.active(1)).to.deep.equal([]);
    expect(refusal(() => book.state(demand(1, 5), TOMBSTONE_LIFE_MS - 1))).to.equal(STALE);
    expect(refusal(() => book.state(demand(1, 6), TOMBSTONE_LIFE_MS - 1))).to.equal(STALE);
    book.state(demand(7, 0), TOMBSTONE_LIFE_MS - 1);
    expect(book.isRemoved('w')).to.equal(false);
  });

  it('drops a demand that was not stated for a while, but not what it knows of its owner', () => {
    const book = createDemandBook();
    book.state(demand(1, 5), 0);
    expect(book.active(DEMAND_LIFE_MS - 1)).to.have.length(1);
    expect(book.active(DEMAND_LIFE_MS)).to.deep.equal([]);
    expect(refusal(() => book.state(demand(1, 4), DEMAND_LIFE_MS))).to.equal(STALE);
    book.state(demand(1, 5), DEMAND_LIFE_MS);
    expect(book.active(DEMAND_LIFE_MS)).to.have.length(1);
  });

  it('forgets what is old, so that it does not grow for ever', () => {
    const book = createDemandBook();
    book.remove(removal(1, 6), 0);
    book.active(TOMBSTONE_LIFE_MS + 1);
    expect(book.isRemoved('w')).to.equal(false);
  });
});
