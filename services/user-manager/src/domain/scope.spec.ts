import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createScope, MAX_WORKLOADS_HELD } from './scope.ts';

describe('the scope of a stream', () => {
  it('is what its hello named, what the agent served, and what it was given', () => {
    const scope = createScope({ named: ['w-named'], session: 'w-before' });
    scope.give('w-given', false);
    const workloads = ['w-named', 'w-before', 'w-given', 'w-other'];
    expect(workloads.filter((each) => scope.mayReport(each))).to.deep.equal([
      'w-named',
      'w-before',
      'w-given',
    ]);
    expect(workloads.filter(scope.isServed)).to.deep.equal(['w-given']);
  });

  it('takes one answer for each question', () => {
    const scope = createScope({ named: ['w'], session: null });
    expect(scope.takeAnswer('w')).to.equal(false);
    scope.give('w', true);
    scope.give('w', false);
    expect([scope.takeAnswer('w'), scope.takeAnswer('w')]).to.deep.equal([true, false]);
  });

  it('believes in further workloads of an agent whose hello had no room for more, up to a bound', () => {
    const named = Array.from({ length: MAX_WORKLOADS_HELD }, (_, i) => `w-${i}`);
    const scope = createScope({ named, session: null });
    const more = Array.from({ length: 20_000 }, (_, i) => `v-${i}`);
    expect(more.filter((each) => scope.mayReport(each))).to.have.length(10_000);
    expect(scope.mayReport('v-0')).to.equal(true);
    expect(createScope({ named: named.slice(1), session: null }).mayReport('v-0')).to.equal(false);
  });

  it('knows again what it was given after nobody knew it', () => {
    const scope = createScope({ named: ['w'], session: null });
    scope.noteUnknown('w');
    scope.noteUnknown('v');
    expect([scope.isUnknown('w'), scope.isUnknown('v')]).to.deep.equal([true, false]);
    scope.give('w', false);
    expect(scope.isUnknown('w')).to.equal(false);
  });
});
