import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isDomainError } from '#libs/errors/index.ts';
import { seededRandom } from '#libs/random/index.ts';
import { parseIndices } from './index-expression.ts';
import { indexAt, indicesOf, indicesToText, ordinalOf } from './index-set.ts';

const normal = (text: string): string => indicesToText(parseIndices(text));

const failure = (
  text: string,
): { reason: string; message: string; metadata: Record<string, string> } => {
  try {
    parseIndices(text);
  } catch (thrown) {
    if (isDomainError(thrown)) {
      return thrown;
    }
    throw thrown;
  }
  throw new Error(`"${text.slice(0, 50)}" was read`);
};

describe('parseIndices', () => {
  it('reads single frames, ranges, steps and descending ranges with their step', () => {
    expect([...indicesOf(parseIndices('3,7,20-22'))]).to.deep.equal([3, 7, 20, 21, 22]);
    expect([...indicesOf(parseIndices('1-20x5'))]).to.deep.equal([1, 6, 11, 16]);
    expect([...indicesOf(parseIndices('20-1x-6'))]).to.deep.equal([2, 8, 14, 20]);
    expect(normal('100-1x-1')).to.equal('1-100');
    expect(normal('0')).to.equal('0');
    expect(normal(' 0001 - 0010 x 3 ,\t12 ')).to.equal('1-10x3,12');
    expect(normal('5-5x-2')).to.equal('5');
    expect(normal('1-10x50')).to.equal('1');
  });

  it('merges parts that overlap, touch, repeat or interleave', () => {
    expect(normal('1-10,5-20,21,22-30')).to.equal('1-30');
    expect(normal('30-40,1-10')).to.equal('1-10,30-40');
    expect(normal('1-99x2,2-100x2')).to.equal('1-100');
    expect(normal('1-9x2,11-19x2')).to.equal('1-19x2');
    expect(normal('1-100x5,1-100x10')).to.equal('1-96x5');
    expect(normal('1-20x2,10-12')).to.equal('1-9x2,10-13,15-19x2');
    expect(normal('7,7,7')).to.equal('7');
    expect(normal('20-30,7,3')).to.equal('3,7,20-30');
    expect(normal('1,2,4,6,9')).to.equal('1-2,4,6,9');
    expect(normal('1-1000000,500')).to.equal('1-1000000');
  });

  it('gives equal sets equal forms, which read back as themselves', () => {
    const random = seededRandom(7);
    const below = (bound: number): number => Math.floor(random.float() * bound);
    for (let round = 0; round < 2_000; round += 1) {
      const parts = Array.from({ length: 1 + below(6) }, () => {
        const [a, b] = [below(60), below(60)];
        const step = a <= b && below(3) === 0 ? '' : `x${a > b ? '-' : ''}${1 + below(7)}`;
        return below(3) === 0 ? String(a) : `${a}-${b}${step}`;
      });
      const frames = parseIndices(parts.join(','));
      const members = [...indicesOf(frames)];
      const expected = new Set(
        parts.flatMap((part) => {
          const [, a = 0, b = a, s = 1] = (/^(\d+)(?:-(\d+))?(?:x-?(\d+))?$/.exec(part) ?? []).map(
            (x) => (x === undefined ? undefined : Number(x)),
          );
          const all = Array.from(
            { length: Math.floor(Math.abs(b - a) / s) + 1 },
            (_, i) => a + Math.sign(b - a) * i * s,
          );
          return all;
        }),
      );
      expect(members, parts.join(',')).to.deep.equal([...expected].sort((a, b) => a - b));
      expect(parseIndices(members.join(','))).to.deep.equal(frames);
      expect(parseIndices(indicesToText(frames))).to.deep.equal(frames);
      expect(frames).to.include({ count: members.length, first: members[0], last: members.at(-1) });
      members.forEach((frame, ordinal) => {
        expect(indexAt(frames, ordinal)).to.equal(frame);
        expect(ordinalOf(frames, frame)).to.equal(ordinal);
      });
      expect(
        ordinalOf(
          frames,
          members.findIndex((frame, i) => frame !== i),
        ),
      ).to.satisfy(
        (ordinal: number | undefined) => ordinal === undefined || members[ordinal] !== undefined,
      );
    }
  });

  it('names the position of an error and what is expected there', () => {
    const cases: [text: string, position: string, expected: string][] = [
      ['', '1', 'a frame from 0 to 1048574'],
      ['1-100,', '7', 'a frame from 0 to 1048574'],
      ['1,,2', '3', 'a frame from 0 to 1048574'],
      ['-5', '1', 'a frame from 0 to 1048574'],
      ['1-', '3', 'a frame from 0 to 1048574'],
      ['1-1048575', '3', 'a frame from 0 to 1048574'],
      ['1-10x0', '6', 'a step from 1 to 1048574'],
      ['1-10x', '6', 'a step from 1 to 1048574'],
      ['1-10x-2', '7', 'a positive step, since the range ascends,'],
      ['10-1x2', '6', 'a negative step, since the range descends,'],
      ['1-10y2', '5', 'a comma or the end'],
      ['1 2', '3', 'a comma or the end'],
      ['1.5', '2', 'a comma or the end'],
      ['٣', '1', 'a frame from 0 to 1048574'],
      ['1-10\n', '5', 'a comma or the end'],
    ];
    for (const [text, position, expected] of cases) {
      const { reason, metadata, message } = failure(text);
      expect({
        text,
        reason,
        position: metadata['position'],
        expected: metadata['expected'],
      }).to.deep.equal({
        text,
        reason: 'FRAMES_INVALID',
        position,
        expected,
      });
      expect(message).to.include(`at character ${position}`);
    }
  });

  it('refuses a range that ends before it begins, and says how to write either meaning', () => {
    for (const text of ['5-2', '1-3, 5 - 2', '1-3,5-2,9']) {
      const { reason, message } = failure(text);
      expect([text, reason]).to.deep.equal([text, 'FRAMES_INVALID']);
      expect(message).to.match(
        /^frames: expected a last frame from 5 on at character \d+, found "2/,
      );
      expect(message).to.match(/; write for example 2-5, or 5-2x-1 for a range that descends$/);
    }
  });

  it('takes a million frames and no more, in the memory of one range', () => {
    expect(parseIndices('0-999999')).to.deep.include({
      count: 1_000_000,
      ranges: [{ first: 0, last: 999_999, step: 1, ordinal: 0 }],
    });
    expect(failure('0-1000000').reason).to.equal('FRAMES_TOO_MANY');
    expect(failure('0-600000,600001-1048574').reason).to.equal('FRAMES_TOO_MANY');
  });

  it('bounds the work on hostile expressions', () => {
    const distinctSteps = Array.from({ length: 4_000 }, (_, i) => `0-1048574x${i + 2}`).join(',');
    const everyPhase = Array.from({ length: 40 }, (_, i) => i + 2).flatMap((step) =>
      Array.from({ length: step }, (_, phase) => `${phase}-999999x${step}`),
    );
    const hostile: [text: string, reason: string][] = [
      [','.repeat(1_000_000), 'FRAMES_TOO_COMPLEX'],
      ['9'.repeat(60_000), 'FRAMES_INVALID'],
      ['1-'.repeat(30_000), 'FRAMES_INVALID'],
      [' '.repeat(60_000), 'FRAMES_INVALID'],
      [`1-9x${'9'.repeat(60_000)}`, 'FRAMES_INVALID'],
      [distinctSteps, 'FRAMES_TOO_COMPLEX'],
      [everyPhase.join(','), 'FRAMES_TOO_COMPLEX'],
      ['0-1048574x3,0-1048574x7,0-1048574x11', 'FRAMES_TOO_COMPLEX'],
      ['0-1048574,'.repeat(6_000) + '1', 'FRAMES_TOO_MANY'],
    ];
    for (const [text, reason] of hostile) {
      const error = failure(text);
      expect(error.reason, text.slice(0, 40)).to.equal(reason);
      expect(error.message.length).to.be.below(300);
    }
    const singles = Array.from({ length: 8_000 }, (_, i) => i * i).filter(
      (frame) => frame < 1_000_000,
    );
    expect(parseIndices(singles.join(',')).count).to.equal(singles.length);
  });
});
