import { expect } from 'chai';
import { describe, it } from 'mocha';
import { AttemptEnd } from '#libs/contracts/session.ts';
import { everyEntry } from '../domain/fixtures/workload.ts';
import { attemptsOf } from './list-attempts.ts';

describe('listAttempts', () => {
  it('says why an attempt failed, was withdrawn or was lost', () => {
    const entries = Object.values(everyEntry);
    const attempts = attemptsOf({ n: 7, at: new Date(0), entries });
    const reasons = new Map(attempts.map(({ end, reason }) => [end, reason]));
    expect(reasons.get(AttemptEnd.ACCEPTED)).to.equal('');
    expect(reasons.get(AttemptEnd.FAILED)).to.equal('no light');
    expect(reasons.get(AttemptEnd.WITHDRAWN)).to.equal('the picture does not decode');
    expect(reasons.get(AttemptEnd.LOST)).to.match(/^its machine went .* while it worked on it$/);
  });
});
