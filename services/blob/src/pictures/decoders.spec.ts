import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { processTree } from '#libs/programs/index.ts';
import { findSandbox } from '#libs/sandbox/index.ts';
import { commandLines, needs, onePixel } from '#libs/testing/index.ts';
import { createDecoders, type Decoders } from './decoders.ts';

/** The programs that decode, without the sandbox around them. */
const programs = async (): Promise<number> => {
  const lines = [...(await commandLines(await processTree(process.pid))).values()];
  return lines.filter((line) => /^\S*node .*pictures\/program\.ts/.test(line)).length;
};

describe('the decoders of the blob service', function () {
  this.timeout(30_000);
  beforeEach(needs('bwrap'));
  let decoders: Decoders;
  beforeEach(() => {
    decoders = createDecoders({
      findSandbox: () => findSandbox({ noSandbox: false }),
      clock: systemClock,
    });
  });
  afterEach(() => decoders?.[Symbol.asyncDispose]());

  const check = async (owner: string, grey: number): Promise<string> => {
    const { bytes } = await onePixel('png', grey);
    const file = {
      bytes: (async function* () {
        yield bytes;
      })(),
      sizeBytes: bytes.length,
      extension: 'png',
      expected: undefined,
    } as const;
    return (await decoders.with(owner, (decoder) => decoder.check(file))).kind;
  };

  it('starts one program for an owner, however many pictures come at once', async () => {
    const kinds = await Promise.all([1, 2, 3, 4].map((grey) => check('w-1', grey)));
    expect(kinds).to.deep.equal(['good', 'good', 'good', 'good']);
    expect(await programs()).to.equal(1);
  });

  it('keeps the programs of several owners who take turns', async () => {
    for (const owner of ['w-1', 'w-2', 'w-3']) {
      await check(owner, 1);
    }
    expect(await programs()).to.equal(3);
  });

  it('lets no owner with many pictures hold up another one', async () => {
    const held = Promise.withResolvers<void>();
    const waiting = [1, 2, 3].map(() => decoders.with('w-1', () => held.promise));
    expect(await check('w-2', 1)).to.equal('good');
    held.resolve();
    await Promise.all(waiting);
  });
});
