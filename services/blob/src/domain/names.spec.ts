import { expect } from 'chai';
import { describe, it } from 'mocha';
import { formatName, isFileName, isPrefix, isTask, ownerFolder, parseName, type BlobName } from './names.ts';

const names: [string, BlobName][] = [
  [
    'uploads/c0123456789abcdef0123456789abcdef/b-abcdefghijklmnop',
    { kind: 'upload', owner: 'c0123456789abcdef0123456789abcdef', id: 'b-abcdefghijklmnop' },
  ],
  [
    'results/w-1/frames/17/0-3-41.png',
    { kind: 'result', workload: 'w-1', task: 'frames/17', generation: 0, attempt: '3-41', extension: 'png' },
  ],
  [
    'results/w-1/frames/-5/2-0-1.exr',
    { kind: 'result', workload: 'w-1', task: 'frames/-5', generation: 2, attempt: '0-1', extension: 'exr' },
  ],
  ['logs/w-1/noop/0/0-0-1.log', { kind: 'log', workload: 'w-1', task: 'noop/0', generation: 0, attempt: '0-1' }],
];

describe('blob names', () => {
  it('read back as what they were made of', () => {
    for (const [text, name] of names) {
      expect(formatName(name)).to.equal(text);
      expect(parseName(text)).to.deep.equal(name);
    }
  });

  it('are nothing but what the mesh makes: no way out of a folder, no second spelling, no other alphabet', () => {
    const bad = [
      '',
      '/',
      'uploads',
      'uploads/',
      'uploads/a',
      'uploads/a/b/c',
      'uploads/../results/w-1/frames/1/0-0-1.png',
      'uploads/a/..',
      'uploads/a/.',
      'uploads/a//b',
      '/uploads/a/b',
      'uploads\\a\\b',
      'uploads/a/b\\c',
      'uploads/A/b',
      'uploads/a/b\n',
      'uploads/a/b\0',
      'uploads/a/%2e%2e',
      'uploads/a/ü',
      `uploads/a/${'b'.repeat(41)}`,
      'x'.repeat(2_000),
      `uploads/a/${'b'.repeat(2_000)}`,
      'results/w-1/frames/007/0-3-41.png',
      'results/w-1/frames/-0/0-3-41.png',
      'results/w-1/frames/17/00-3-41.png',
      'results/w-1/frames/17/0-3-41',
      'results/w-1/frames/17/0-3-41.PNG',
      'results/w-1/frames/17/0-3-41.toolong',
      'results/w-1/frames/0-3-41.png',
      'logs/w-1/frames/17/0-3-41.png',
      'results/w-1/frames/17/0-3-41.png/../x.png',
    ];
    for (const text of bad) expect(parseName(text), JSON.stringify(text)).to.equal(undefined);
  });
});

describe('ownerFolder', () => {
  it('gives every customer a folder of their own, whatever they are called', () => {
    const customers = ['alice', 'Alice', '../bob', '', 'c', ownerFolder('alice'), 'ü'.repeat(500)];
    const folders = customers.map(ownerFolder);
    expect(new Set(folders).size).to.equal(customers.length);
    for (const folder of folders) expect(folder).to.match(/^c[0-9a-f]{32}$/);
  });
});

describe('isTask', () => {
  it('knows `<node>/<index>` and nothing longer or shorter', () => {
    for (const good of ['frames/1', 'noop/0', 'frames/-12', 'solve-2/1048574'])
      expect(isTask(good), good).to.equal(true);
    for (const bad of [
      'frames',
      'frames/',
      '/1',
      'frames/1/2',
      'frames/x',
      'frames/1.5',
      'Frames/1',
      'frames/+1',
      '../1',
    ]) {
      expect(isTask(bad), bad).to.equal(false);
    }
  });
});

describe('isPrefix', () => {
  it('takes the beginning of a name and refuses ways out', () => {
    for (const good of ['', 'results/', 'results/w-1/frames/1/0-', 'up']) expect(isPrefix(good), good).to.equal(true);
    for (const bad of ['/', '../', 'a/../b', 'a//b', 'a\\b', 'A', 'x'.repeat(257)])
      expect(isPrefix(bad), bad).to.equal(false);
  });
});

describe('isFileName', () => {
  it('takes what people call their files, without paths and control characters', () => {
    for (const good of ['scene.blend', 'Größe 2 (final).blend', '..', '.'])
      expect(isFileName(good), good).to.equal(true);
    for (const bad of ['', 'a/b', 'a\\b', 'a\nb', 'a\u0085b', 'x'.repeat(256)])
      expect(isFileName(bad), bad).to.equal(false);
  });
});
