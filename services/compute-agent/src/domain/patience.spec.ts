import { expect } from 'chai';
import { describe, it } from 'mocha';
import { patienceMs } from './patience.ts';

describe('patienceMs', () => {
  it('waits without end with what took long, what went on from a checkpoint, and what has many files', () => {
    const done = { kind: 'completed', seconds: 3 };
    expect(patienceMs({ ...done, seconds: 601 })).to.equal(Infinity);
    expect(patienceMs({ ...done, resumedAttempt: '0-1' })).to.equal(Infinity);
    expect(patienceMs({ ...done, parts: [] })).to.equal(Infinity);
    expect(patienceMs(done)).to.equal(900_000);
  });

  it('waits a moment with the log of a failure, however long that took', () => {
    expect(patienceMs({ kind: 'failed', seconds: 10_000 })).to.equal(15_000);
  });
});
