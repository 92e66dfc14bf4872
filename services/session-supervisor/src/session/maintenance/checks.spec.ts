import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { CheckPictureRequest } from '#libs/contracts/blob.ts';
import { everyEntry } from '../../domain/fixtures/workload.ts';
import { createChecker, type Finding } from './checks.ts';

const REPORTED = 'cd'.repeat(32);
const problem = (text: string) => ({ problem: text, pixelHash: '', width: 0, height: 0 });
const picture = (pixelHash: string) => ({ problem: '', pixelHash, width: 8, height: 8 });

describe('the check of a picture', () => {
  /** What it finds if blob answers so, first for a picture of the scene's size. */
  const find = (
    answer: (asked: CheckPictureRequest) => ReturnType<typeof picture> | undefined,
  ): Promise<Finding> => {
    const check = createChecker({
      objectId: 'o-1',
      blob: {
        checkPicture: (asked) => Promise.resolve(answer(asked)),
        pictureSize: () => Promise.resolve({ width: 4, height: 4 }),
        differing: () => Promise.resolve(0),
      },
    });
    const { kind: _, ...result } = everyEntry.accepted;
    const how = { kind: 'picture', scene: '', scalePercent: 0 } as const;
    return check(how, { ...result, pixelHash: REPORTED }, new AbortController().signal);
  };

  it('finds a contradiction in a file that does not decode, and in other pixels than reported', async () => {
    const reason = 'the picture does not decode';
    expect(await find(() => problem(reason))).to.deep.equal({
      kind: 'refused',
      reason,
      contradicts: true,
    });
    expect(await find(() => picture('ab'.repeat(32)))).to.include({ contradicts: true });
  });

  it('finds none in the reported pixels of another size than the scene’s', async () => {
    const reason = 'the picture is 8 × 8 pixels, not 4 × 4';
    expect(
      await find(({ width }) => (width === 0 ? picture(REPORTED) : problem(reason))),
    ).to.deep.equal({ kind: 'refused', reason, contradicts: false });
    expect(
      await find(({ width }) => (width === 0 ? picture('ab'.repeat(32)) : problem(reason))),
    ).to.include({ kind: 'refused', contradicts: true });
  });

  it('finds none in a file that is gone by the second look', async () => {
    const answer = ({ width }: CheckPictureRequest) => (width === 0 ? undefined : problem('x'));
    expect(await find(answer)).to.include({ kind: 'refused', contradicts: false });
    expect(await find(() => undefined)).to.deep.equal({ kind: 'missing' });
  });
});
