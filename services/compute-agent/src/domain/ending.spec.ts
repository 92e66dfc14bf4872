import { expect } from 'chai';
import { describe, it } from 'mocha';
import { DomainError, status } from '#libs/errors/index.ts';
import { endingOf, reconnectMs } from './ending.ts';

const error = (code: status, reason: string, retryAfterMs?: number): DomainError =>
  new DomainError(code, reason, 'why', {}, { retryAfterMs });

describe('endingOf', () => {
  const kindOf = (code: status, reason: string): string => endingOf(error(code, reason)).kind;

  it('stays away only if another agent took its place', () => {
    expect(kindOf(status.ABORTED, 'SUPERSEDED')).to.equal('superseded');
    expect(kindOf(status.ABORTED, 'ABORTED')).to.equal('lost');
  });

  it('connects again after every failure that may pass', () => {
    expect(kindOf(status.UNAVAILABLE, 'SERVER_DRAINING')).to.equal('lost');
    expect(kindOf(status.UNAVAILABLE, 'CONNECTION_LOST')).to.equal('lost');
    expect(kindOf(status.RESOURCE_EXHAUSTED, 'READER_TOO_SLOW')).to.equal('lost');
    expect(kindOf(status.INTERNAL, 'INTERNAL')).to.equal('lost');
    expect(endingOf(undefined).kind).to.equal('lost');
  });

  it('asks slowly if somebody has to act first', () => {
    expect(kindOf(status.UNAUTHENTICATED, 'TOKEN_EXPIRED')).to.equal('refused');
    expect(kindOf(status.PERMISSION_DENIED, 'MACHINE_UNKNOWN')).to.equal('refused');
    expect(kindOf(status.INVALID_ARGUMENT, 'INVALID_FIELDS')).to.equal('refused');
  });
});

describe('reconnectMs', () => {
  const lost = { kind: 'lost', reason: 'UNAVAILABLE', message: '', notBeforeMs: 0 } as const;
  const refused = {
    kind: 'refused',
    code: status.UNAUTHENTICATED,
    reason: 'TOKEN_EXPIRED',
    message: '',
  } as const;

  it('grows from a quarter of a second to ten seconds, with chance', () => {
    expect([1, 2, 3, 6, 50].map((failures) => reconnectMs(lost, failures, 1))).to.deep.equal([
      250, 500, 1_000, 8_000, 10_000,
    ]);
    expect(reconnectMs(lost, 1, 0)).to.equal(125);
  });

  it('waits at least as long as the mesh says', () => {
    expect(reconnectMs({ ...lost, notBeforeMs: 5_000 }, 1, 0)).to.equal(5_000);
  });

  it('asks slowly after a refusal, once a minute in the end', () => {
    expect(reconnectMs(refused, 1, 1)).to.equal(2_000);
    expect(reconnectMs(refused, 20, 1)).to.equal(60_000);
  });
});
