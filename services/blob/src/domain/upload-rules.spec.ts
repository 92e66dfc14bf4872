import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isDomainError } from '#libs/errors/index.ts';
import { checkProgress, checkWhole, isFresh, type Expectation } from './upload-rules.ts';

const anything: Expectation = { sha256: undefined, sizeBytes: undefined, maximumBytes: 100 };
const sha256 = 'ab'.repeat(32);

const reasonOf = (check: () => void): string => {
  try {
    check();
    return 'right';
  } catch (error) {
    return isDomainError(error) ? error.reason : String(error);
  }
};

describe('an upload', () => {
  it('ends as soon as it is longer than announced or allowed', () => {
    expect(reasonOf(() => checkProgress({ ...anything, sizeBytes: 10 }, 10))).to.equal('right');
    expect(reasonOf(() => checkProgress({ ...anything, sizeBytes: 10 }, 11))).to.equal(
      'SIZE_MISMATCH',
    );
    expect(reasonOf(() => checkProgress(anything, 101))).to.equal('UPLOAD_TOO_LARGE');
  });

  it('is refused before its first byte if it announces too much', () => {
    expect(reasonOf(() => checkProgress({ ...anything, sizeBytes: 101 }, 0))).to.equal(
      'UPLOAD_TOO_LARGE',
    );
  });

  it('is accepted only with the announced length and hash', () => {
    const said = { ...anything, sha256, sizeBytes: 10 };
    expect(reasonOf(() => checkWhole(said, { sha256, sizeBytes: 10 }))).to.equal('right');
    expect(reasonOf(() => checkWhole(said, { sha256, sizeBytes: 9 }))).to.equal('SIZE_MISMATCH');
    expect(reasonOf(() => checkWhole(said, { sha256: 'cd'.repeat(32), sizeBytes: 10 }))).to.equal(
      'SHA256_MISMATCH',
    );
  });

  it('is refused if it is empty, even if it was announced so', () => {
    expect(reasonOf(() => checkWhole(anything, { sha256, sizeBytes: 0 }))).to.equal('EMPTY_UPLOAD');
    expect(
      reasonOf(() => checkWhole({ ...anything, sizeBytes: 0 }, { sha256, sizeBytes: 0 })),
    ).to.equal('EMPTY_UPLOAD');
  });

  it('can become an object for a day', () => {
    expect(isFresh(24 * 3_600_000 - 1)).to.equal(true);
    expect(isFresh(24 * 3_600_000)).to.equal(false);
  });
});
