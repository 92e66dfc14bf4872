import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isFileEnding } from './file-ending.ts';

describe('isFileEnding', () => {
  it('takes what can end the name of a file, and nothing that leads elsewhere', () => {
    for (const good of ['.png', '_L.png', '.Pässe-Image_0.exr']) {
      expect(isFileEnding(good), good).to.equal(true);
    }
    const bad = ['', 'png', '/../x.png', '.a/b.png', '..png', '._/.png', '.\u001b.png', '.a b.png'];
    for (const text of [...bad, `.${'x'.repeat(160)}`]) {
      expect(isFileEnding(text), text).to.equal(false);
    }
  });
});
