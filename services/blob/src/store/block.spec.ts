import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createBlock } from './block.ts';

describe('createBlock', () => {
  it('takes what fits, grows to its bound and can be reused', () => {
    const block = createBlock(200_000);
    expect(block.append(Buffer.alloc(150_000, 1))).to.equal(150_000);
    expect(block.append(Buffer.alloc(100_000, 2))).to.equal(50_000);
    expect(block.append(Buffer.alloc(1))).to.equal(0);
    expect(block.isFull).to.equal(true);
    expect(block.contents()[149_999]).to.equal(1);
    expect(block.contents()[150_000]).to.equal(2);
    block.clear();
    expect(block.length).to.equal(0);
    expect(block.append(Buffer.from('x'))).to.equal(1);
    expect(Buffer.from(block.contents()).toString()).to.equal('x');
  });
});
