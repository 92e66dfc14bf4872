import { expect } from 'chai';
import { describe, it } from 'mocha';
import { regroup } from './regroup.ts';

describe('regroup', () => {
  it('keeps every byte in order, in pieces of one size and a last one', async () => {
    const sizes = [1, 9, 10, 25, 0, 3];
    const whole = Buffer.from(Array.from({ length: 48 }, (_, at) => at));
    async function* pieces(): AsyncGenerator<Uint8Array> {
      let at = 0;
      for (const size of sizes) {
        yield whole.subarray(at, (at += size));
      }
    }
    const groups: Buffer[] = [];
    for await (const group of regroup(pieces(), 10)) {
      groups.push(Buffer.from(group));
    }
    expect(groups.map((group) => group.length)).to.deep.equal([10, 10, 10, 10, 8]);
    expect(Buffer.concat(groups)).to.deep.equal(whole);
  });
});
