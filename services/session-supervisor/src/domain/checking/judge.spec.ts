import { expect } from 'chai';
import { describe, it } from 'mocha';
import { judge, type Ballot } from './judge.ts';
import { afterLook, isChosen, shareOf } from './policy.ts';

const vote = (user: string, alike: string[] = [], owner = `o-${user}`): Ballot => ({
  user,
  owner,
  attempt: `a-${user}`,
  alike: alike.map((each) => `a-${each}`),
});

describe('the judgement of a second look', () => {
  it('needs two owners that made the same', () => {
    expect(judge([vote('u1')])).to.deep.equal({ kind: 'open' });
    expect(judge([vote('u1'), vote('u2', ['u1'])])).to.deep.equal({
      kind: 'agreed',
      right: ['u1', 'u2'],
      wrong: [],
    });
    const accomplice = vote('u2', ['u1'], 'o-u1');
    expect(judge([vote('u1'), accomplice])).to.deep.equal({ kind: 'open' });
  });

  it('lets no user alone put another in the wrong: a third decides which of two lied', () => {
    const differing = [vote('u1'), vote('u2')];
    expect(judge(differing)).to.deep.equal({ kind: 'open' });
    expect(judge([...differing, vote('u3', ['u2'])])).to.include({ kind: 'agreed' });
    expect(judge([...differing, vote('u3', ['u2'])])).to.deep.include({ wrong: ['u1'] });
    expect(judge([...differing, vote('u3', ['u1'])])).to.deep.include({ wrong: ['u2'] });
  });

  it('blames nobody where a task comes out differently each time', () => {
    const all = ['u1', 'u2', 'u3', 'u4', 'u5'].map((user) => vote(user));
    expect(judge(all.slice(0, 4))).to.deep.equal({ kind: 'open' });
    expect(judge(all)).to.deep.equal({ kind: 'undecided' });
  });
});

describe('the share of results that is looked at twice', () => {
  it('is large for a new machine, falls with good looks, and is large again after a miss', () => {
    expect(shareOf({ good: 0 })).to.equal(0.5);
    expect(shareOf({ good: 9 })).to.equal(0.5);
    expect(shareOf({ good: 10 })).to.equal(0.1);
    expect(shareOf({ good: 200 })).to.equal(0.005);
    expect(shareOf(afterLook({ good: 200 }, false))).to.equal(0.5);
    expect(afterLook({ good: 9 }, true)).to.deep.equal({ good: 10 });
    expect(isChosen({ good: 10 }, 0.0999)).to.equal(true);
    expect(isChosen({ good: 10 }, 0.1)).to.equal(false);
  });
});
