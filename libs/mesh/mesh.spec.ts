import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  collectViolations,
  durationFromProto,
  durationToProto,
  formatAttemptId,
  formatTaskKey,
  isAttemptId,
  isId,
  isNode,
  isSha256,
  isTaskKey,
  parseTaskKey,
  requireText,
} from './index.ts';

describe('parseTaskKey', () => {
  it('knows `<node>/<index>` and nothing longer or shorter', () => {
    for (const good of ['frames/1', 'noop/0', 'solve-2/1048574', `${'n'.repeat(32)}/999999999`]) {
      const parsed = parseTaskKey(good);
      expect(isTaskKey(good), good).to.equal(true);
      expect(parsed && formatTaskKey(parsed), good).to.equal(good);
    }
    for (const bad of [
      'frames',
      'frames/',
      '/1',
      'frames/1/2',
      'frames/x',
      'frames/1.5',
      'Frames/1',
      'frames/+1',
      'frames/-12',
      '../1',
      'frames/01',
      'frames/1000000000',
      '2d/1',
      '-/1',
      `${'n'.repeat(33)}/1`,
      'frames/1\n',
    ]) {
      expect(isTaskKey(bad), bad).to.equal(false);
      expect(parseTaskKey(bad), bad).to.equal(undefined);
    }
  });

  it('reads the node and the index', () => {
    expect(parseTaskKey('solve-2/17')).to.deep.equal({ node: 'solve-2', index: 17 });
    expect(['mesh', 'a', 'A', '1a', ''].map(isNode)).to.deep.equal([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('isAttemptId', () => {
  it('knows `<epoch>-<counter>` in one spelling', () => {
    expect(isAttemptId(formatAttemptId(3, 41))).to.equal(true);
    expect(isAttemptId('0-0')).to.equal(true);
    for (const bad of [
      '',
      '3',
      '3-',
      '-41',
      '03-41',
      '3-041',
      '3-41-1',
      '3-41\n',
      `1-${'9'.repeat(16)}`,
    ]) {
      expect(isAttemptId(bad), bad).to.equal(false);
    }
  });
});

describe('isId and isSha256', () => {
  it('take what fits into subjects, names and keys', () => {
    for (const good of ['w-abcdefghijklmnop', 'a', 'x'.repeat(40)]) {
      expect(isId(good), good).to.equal(true);
    }
    for (const bad of ['', 'A', 'a.b', 'a/b', 'a b', 'a*', 'x'.repeat(41)]) {
      expect(isId(bad), bad).to.equal(false);
    }
    expect(isSha256('0123456789abcdef'.repeat(4))).to.equal(true);
    for (const bad of ['', 'ab'.repeat(31), 'AB'.repeat(32), 'ab'.repeat(33)]) {
      expect(isSha256(bad)).to.equal(false);
    }
  });
});

describe('durations', () => {
  it('come back as the same milliseconds', () => {
    for (const ms of [0, 1, 999, 1_000, 1_500, 0.25, 86_400_000]) {
      expect(durationFromProto(durationToProto(ms))).to.equal(ms);
    }
    expect(durationFromProto(undefined)).to.equal(undefined);
  });

  it('keep the bounds of google.protobuf.Duration', () => {
    expect(durationToProto(1_999.999_999_999)).to.deep.equal({ seconds: 1, nanos: 999_999_999 });
    expect(durationToProto(-5)).to.deep.equal({ seconds: 0, nanos: 0 });
  });
});

describe('collectViolations', () => {
  it('throws nothing where all is right', () => {
    const wrong = collectViolations();
    expect(wrong.require(true, 'a', 'must be right')).to.equal(true);
    wrong.throwIfAny();
  });

  it('names everything that is wrong in one error, even within a message', () => {
    const wrong = collectViolations();
    wrong.require(false, 'a', 'must be set');
    wrong.within('spec').require(false, 'frames', 'must not be empty');
    expect(() => wrong.throwIfAny())
      .to.throw('a: must be set; spec.frames: must not be empty')
      .with.property('reason', 'INVALID_FIELDS');
  });

  it('passes a value on only where nothing is wrong', () => {
    const wrong = collectViolations();
    expect(wrong.passed(7)).to.equal(7);
    wrong.require(false, 'target', 'must be host:port');
    expect(() => wrong.passed(undefined)).to.throw('target: must be host:port');
    expect(() => wrong.passed(7)).to.throw('target: must be host:port');
  });

  it('keeps a bounded number of them', () => {
    const wrong = collectViolations();
    for (let n = 0; n < 1_000; n += 1) {
      wrong.require(false, `reports[${n}]`, 'must be set');
    }
    expect(() => wrong.throwIfAny())
      .to.throw()
      .with.property('violations')
      .with.lengthOf(50);
  });
});

describe('requireText', () => {
  it('gives the text of a field back, and names the field where it is empty', () => {
    expect(requireText('lease_id', 'l-1')).to.equal('l-1');
    expect(() => requireText('lease_id', '')).to.throw('lease_id: must not be empty');
  });
});
