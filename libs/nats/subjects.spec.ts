import { expect } from 'chai';
import { describe, it } from 'mocha';
import { checkFactSubject, checkPattern, checkSubject } from './subjects.ts';

describe('subjects', () => {
  it('take our ids, and nothing that the server would misread', () => {
    expect(() => checkSubject('muster.session.v1.w-1.new-users')).not.to.throw();
    for (const subject of ['', 'a b', 'a\r\nPUB x 0', 'a..b', '.a', 'a.', 'a.*', 'a.>']) {
      expect(() => checkSubject(subject), JSON.stringify(subject)).to.throw('is not a subject');
    }
  });

  it('may be patterns for listeners', () => {
    for (const pattern of ['a', 'a.*', 'a.*.c', 'a.>', '*.b']) {
      expect(() => checkPattern(pattern), pattern).not.to.throw();
    }
    for (const pattern of ['a.>.b', 'a*', '*a', 'a. b', 'a.>>']) {
      expect(() => checkPattern(pattern), pattern).to.throw('is not a subject');
    }
  });

  it('of facts have six parts, and those of requests do not', () => {
    expect(() => checkFactSubject('muster.session.v1.workload.w-1.task-settled')).not.to.throw();
    expect(() => checkFactSubject('muster.session.v1.w-1.new-users')).to.throw('past-tense');
    expect(() => checkFactSubject('other.session.v1.workload.w-1.settled')).to.throw('past-tense');
  });
});
