import { expect } from 'chai';
import { describe, it } from 'mocha';
import { status, statusName } from '#libs/errors/index.ts';
import { exitCodeOf } from './exit-codes.ts';

describe('exitCodeOf', () => {
  const promised: Readonly<Record<number, readonly status[]>> = {
    0: [status.OK],
    1: [
      status.ALREADY_EXISTS,
      status.FAILED_PRECONDITION,
      status.RESOURCE_EXHAUSTED,
      status.INTERNAL,
      status.UNKNOWN,
      status.UNIMPLEMENTED,
      status.DATA_LOSS,
      status.ABORTED,
      status.OUT_OF_RANGE,
      status.CANCELLED,
    ],
    2: [status.INVALID_ARGUMENT],
    3: [status.UNAVAILABLE, status.DEADLINE_EXCEEDED],
    4: [status.UNAUTHENTICATED, status.PERMISSION_DENIED],
    5: [status.NOT_FOUND],
  };

  for (const [code, statuses] of Object.entries(promised)) {
    it(`ends with ${code} on ${statuses.map((one) => statusName(one)).join(', ')}`, () => {
      expect(statuses.map(exitCodeOf)).to.deep.equal(statuses.map(() => Number(code)));
    });
  }
});
