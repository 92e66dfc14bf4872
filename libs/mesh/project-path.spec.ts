import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  clashAmong,
  isFolderOf,
  isPathBefore,
  isProjectPath,
  isRelativePath,
} from './project-path.ts';

describe('isProjectPath', () => {
  it('takes places in a folder and on a machine', () => {
    for (const path of [
      `${'x/'.repeat(63)}x`,
      'a.blend',
      'tex/Größe (1).png',
      '/srv/tex/a.png',
      '.hidden',
      'a..b',
    ]) {
      expect(isProjectPath(path), path).to.equal(true);
    }
  });

  it('refuses what leaves its folder, has two spellings or no file system takes', () => {
    const long = 'x'.repeat(256);
    const deep = 'x/'.repeat(64);
    for (const path of [
      '',
      '/',
      '..',
      'a/../b',
      './a',
      'a//b',
      'a/',
      '//a',
      'a\0b',
      'a\nb',
      '\ud800',
      long,
      `${deep}x`,
    ]) {
      expect(isProjectPath(path), JSON.stringify(path)).to.equal(false);
    }
  });
});

describe('clashAmong', () => {
  it('finds a path that is twice, and a file that is also a folder', () => {
    expect(clashAmong(['a', 'b/c', '/b/c'])).to.equal(undefined);
    expect(clashAmong(['a', 'b', 'a'])).to.equal('a');
    expect(clashAmong(['a/b/c', 'a/b'])).to.equal('a/b');
    expect(clashAmong(['/srv/a/b', '/srv'])).to.equal('/srv');
    expect(clashAmong(['a/b', 'a.b', 'a!', 'a-', 'a'])).to.equal('a');
    expect(clashAmong(['a/b', 'a.b', 'a!', 'a-', 'a/c/d'])).to.equal(undefined);
  });

  it('looks at each path as a whole, however many folders it has', () => {
    const paths = Array.from({ length: 20_000 }, (_, i) => `${i}/${'a/'.repeat(505)}f`);
    expect(clashAmong(paths)).to.equal(undefined);
    expect(clashAmong([...paths, '7/a/a'])).to.equal('7/a/a');
  });
});

describe('isPathBefore', () => {
  it('orders paths by folder and by name, so that paths which clash are neighbours', () => {
    const paths = ['0', '0/U', '0/p', '0-1', '0.5/U', '0.5/U/x', '0.5/p', 'a', 'a!b', 'ä'];
    const shuffled = paths.toReversed().toSorted((a, b) => (isPathBefore(a, b) ? -1 : 1));
    expect(shuffled).to.deep.equal(paths);
    const clashes = paths.filter((path, i) => isFolderOf(paths[i - 1] ?? '?', path));
    expect(clashes).to.deep.equal(['0/U', '0.5/U/x']);
    expect(isPathBefore('a', 'a')).to.equal(false);
  });

  it('orders paths in a folder; those on a machine have no place there', () => {
    expect(['a/b', '/a/b', '../a'].map(isRelativePath)).to.deep.equal([true, false, false]);
  });
});
