import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isFileName, isPrefix, ownerFolder } from './names.ts';

describe('ownerFolder', () => {
  it('gives every customer a folder of their own, whatever they are called', () => {
    const customers = ['alice', 'Alice', '../bob', '', 'c', ownerFolder('alice'), 'ü'.repeat(500)];
    const folders = customers.map(ownerFolder);
    expect(new Set(folders).size).to.equal(customers.length);
    for (const folder of folders) {
      expect(folder).to.match(/^c[0-9a-f]{32}$/);
    }
  });
});

describe('isPrefix', () => {
  it('takes the beginning of a name and refuses ways out of it', () => {
    for (const good of ['', 'results/', 'results/w-1/frames/1/0-', 'up']) {
      expect(isPrefix(good), good).to.equal(true);
    }
    for (const bad of ['/', '../', 'a/../b', 'a//b', 'a\\b', 'A', 'x'.repeat(257)]) {
      expect(isPrefix(bad), bad).to.equal(false);
    }
  });
});

describe('isFileName', () => {
  it('takes what people call their files, without paths and control characters', () => {
    for (const good of ['scene.blend', 'Größe 2 (final).blend', '..', '.']) {
      expect(isFileName(good), good).to.equal(true);
    }
    for (const bad of ['', 'a/b', 'a\\b', 'a\nb', 'a\u0085b', 'x'.repeat(256)]) {
      expect(isFileName(bad), bad).to.equal(false);
    }
  });
});
