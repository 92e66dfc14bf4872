import { expect } from 'chai';
import { describe, it } from 'mocha';
import { rawText } from './raw-text.ts';

describe('rawText', () => {
  it('is the text of UTF-8', () => {
    expect(rawText(Buffer.from('//tex/Bäume 🌲.png'))).to.equal('//tex/Bäume 🌲.png');
  });

  it('keeps each byte that is none as a lone surrogate', () => {
    const latin1 = rawText(Buffer.from('ä/café.png', 'latin1'));
    expect(latin1).to.equal('\uDCE4/caf\uDCE9.png');
    expect(latin1.isWellFormed()).to.equal(false);
    // The first byte of a letter, at the end; then letters around one.
    expect(rawText(Buffer.from([0x61, 0xc3]))).to.equal('a\uDCC3');
    const mixed = Buffer.concat([Buffer.from('é'), Buffer.from([0xe9]), Buffer.from('é')]);
    expect(rawText(mixed)).to.equal('é\uDCE9é');
  });
});
