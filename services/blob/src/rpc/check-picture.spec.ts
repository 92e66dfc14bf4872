import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { onePixel, uploadOf } from '#libs/testing/index.ts';
import { attemptResult, type BlobFixture, reasonOf, startFixture } from '../fixtures/blob.ts';

describe('checkPicture', function () {
  this.timeout(30_000);
  let blob: BlobFixture;
  before(async () => {
    blob = await startFixture();
  });
  after(() => blob?.[Symbol.asyncDispose]());

  const stored = async (bytes: Buffer, extension: string, attempt: string): Promise<string> => {
    const header = attemptResult('w-1', { extension, attempt });
    return (await blob.agent.upload(uploadOf(header, bytes))).blobName;
  };
  const check = (blobName: string, width = 0, height = 0) =>
    blob.service.checkPicture({ blobName, width, height });

  it('answers the size and the pixel hash of a stored picture', async () => {
    const { bytes, pixelHash } = await onePixel('png', 7);
    const name = await stored(bytes, 'png', '0-1');
    const good = { problem: '', pixelHash, width: 1, height: 1 };
    expect(await check(name)).to.deep.equal(good);
    expect(await check(name, 1, 1)).to.deep.equal(good);
  });

  it('answers why a result is not the expected picture', async () => {
    const { bytes } = await onePixel('png', 7);
    const problems = [
      [await stored(bytes, 'png', '0-2'), 2, 1, 'the picture is 1×1 pixels, not 2×1'],
      [await stored(bytes, 'jpg', '0-3'), 0, 0, 'the picture is png, not jpeg'],
      [await stored(Buffer.alloc(1_040, 'a'), 'png', '0-4'), 1, 1, /no png file/],
      [await stored(bytes, 'bin', '0-5'), 0, 0, 'a file with the extension bin is no picture'],
    ] as const;
    for (const [name, width, height, problem] of problems) {
      const found = await check(name, width, height);
      expect(found).to.include({ pixelHash: '', width: 0, height: 0 });
      expect(found.problem).to.match(typeof problem === 'string' ? new RegExp(problem) : problem);
    }
  });

  it('tells how much two pictures differ', async () => {
    const greys = [7, 9, 90];
    const [a, b, c] = await Promise.all(
      greys.map(async (grey, i) => stored((await onePixel('png', grey)).bytes, 'png', `1-${i}`)),
    );
    const differing = async (blobName = '', otherBlobName = '') =>
      (await blob.service.comparePictures({ blobName, otherBlobName })).differing;
    expect(await differing(a, a)).to.equal(0);
    expect(await differing(a, b)).to.equal(0);
    expect(await differing(a, c)).to.equal(1);
    const text = await stored(Buffer.alloc(100, 'a'), 'png', '1-4');
    expect(await differing(a, text)).to.equal(1);
    expect(await reasonOf(differing(a, 'results/w-2/frames/1/0-0-1.png'))).to.equal(
      'INVALID_FIELDS',
    );
  });

  it('refuses what is no result, and names a missing one', async () => {
    expect(await reasonOf(check('uploads/a/b'))).to.equal('INVALID_FIELDS');
    expect(await reasonOf(check('results/w-1/frames/1/0-0-9.png', 1))).to.equal('INVALID_FIELDS');
    expect(await reasonOf(check('results/w-1/frames/1/0-0-9.png'))).to.equal('BLOB_NOT_FOUND');
    const size = { objectId: 'o-none', scene: '', scalePercent: 0 };
    expect(await reasonOf(blob.service.getPictureSize(size))).to.equal('OBJECT_NOT_FOUND');
  });
});
